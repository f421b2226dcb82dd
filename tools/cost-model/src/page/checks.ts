// Tables of what the formulas say beside what was measured.
import { ALL_REDUCES, type AllReduceName, cheapest, ringAllReduce, secondsOf } from '@levin/strategies/planner'
import { digits, duration, table } from './format.js'
import type { Known } from './known.js'

const SIZES = { '4kB': 4e3, '400kB': 400e3, '4MB': 4e6, '40MB': 40e6 } as const

const row = (name: string, model: number, measured: number): readonly string[] => [
  name,
  duration(model),
  duration(measured),
  digits(measured / model, 2),
]

const HEAD = ['formula', 'measured', 'measured / formula'] as const

/** All sizes but those that the constants come from. */
export function checkShared({ within, collectives }: Known): string {
  const predicted = (bytes: number): number => within.latency + bytes * within.secondsPerByte
  const two = (['400kB', '4MB'] as const).map((size) =>
    row(`2 ranks, ${size}`, predicted(SIZES[size]), collectives.seconds(`all-reduce-${size}`, 'levin')),
  )
  const four = (['4kB', '400kB', '4MB'] as const).map((size) =>
    row(
      `4 ranks on ${collectives.machine.cores} processors, ${size}`,
      // Two ranks take turns on each processor.
      (4 / collectives.machine.cores) * predicted(SIZES[size]),
      collectives.seconds(`all-reduce-${size}-4r`, 'levin'),
    ),
  )
  return table(['shared memory', ...HEAD], [...two, ...four])
}

export function checkProcesses({ processes, collectives }: Known): string {
  const rows = (['4kB', '400kB', '4MB', '40MB'] as const).map((size) =>
    row(
      `2 processes, ${size}`,
      cheapest(2, SIZES[size], processes).seconds,
      collectives.seconds(`all-reduce-${size}`, 'open-mpi'),
    ),
  )
  return table(['Open MPI, one host', ...HEAD], rows)
}

const MEASURED: Readonly<Record<string, AllReduceName>> = {
  'recursive-doubling': 'recursive doubling',
  rabenseifner: 'Rabenseifner',
  ring: 'ring',
}

export function checkNetwork({ namespaces, network }: Known): string {
  const rows = Object.entries(MEASURED).flatMap(([name, algorithm]) =>
    [2, 3, 4, 8].map((hosts) => {
      const predicted = secondsOf(ALL_REDUCES[algorithm](hosts, 8e6), namespaces)
      return row(
        `${algorithm}, ${hosts} hosts`,
        predicted,
        network.seconds(`network-${name}-8MB-${hosts}h`, 'open-mpi'),
      )
    }),
  )
  const ours = [2, 3, 4, 8].map((hosts) =>
    row(
      `ours, a ring, ${hosts} hosts`,
      secondsOf(ringAllReduce(hosts, 8e6), namespaces),
      network.seconds(`network-8MB-${hosts}h`, 'levin-mpi'),
    ),
  )
  return table(['8 MB between hosts', ...HEAD], [...rows, ...ours])
}

/** Small messages: every round is a wait, and on two processors so is every other rank. */
export function checkLatency({ bursts, network }: Known): string {
  const rows = Object.entries(MEASURED).flatMap(([name, algorithm]) =>
    [2, 4, 8].map((hosts) => {
      const predicted = secondsOf(ALL_REDUCES[algorithm](hosts, 4e3), bursts)
      return row(
        `${algorithm}, ${hosts} hosts`,
        predicted,
        network.seconds(`network-${name}-4kB-${hosts}h`, 'open-mpi'),
      )
    }),
  )
  return table(['4 kB between hosts', ...HEAD], rows)
}
