import { ALL_REDUCES, type AllReduceName, cheapest, crossover, flatRing, secondsOf } from '@levin/strategies/planner'
import { svg } from './chart.js'
import { bytes, digits, duration, table } from './format.js'
import type { Known } from './known.js'

const RANKS = [2, 4, 8, 16, 64, 256, 1024, 4096] as const
const NAMES = Object.keys(ALL_REDUCES) as AllReduceName[]

export function constants({ within, processes, namespaces, networks, collectives }: Known): string {
  const rate = (secondsPerByte: number): string => `${digits(1e-9 / secondsPerByte, 2)} GB/s`
  const of = (name: string, latency: number, secondsPerByte: number, source: string): readonly string[] => [
    name,
    duration(latency),
    rate(secondsPerByte),
    source,
  ]
  const { cpu, cores, node } = collectives.machine
  const machine = `${cpu}, ${cores} processors, Node ${node}`
  return table(
    ['link', 'α', '1 / β', 'from'],
    [
      of('threads, all-reduce', within.latency, within.secondsPerByte, `measured: ${machine}`),
      of('threads, broadcast or all-gather', within.latency, within.secondsPerMovedByte, 'measured, same machine'),
      of('processes of one host', processes.latency, processes.secondsPerByte, 'measured: messages of Open MPI'),
      of(
        'hosts of the bench',
        namespaces.latency,
        namespaces.secondsPerByte,
        'measured: messages over TCP, 400 Mbit/s',
      ),
      ...networks.map(({ name, link, source }) => of(name, link.latency, link.secondsPerByte, `assumed: ${source}`)),
      ['reducing', '–', rate(processes.secondsPerReducedByte), 'measured: `MPI_Reduce_local`; γ'],
    ],
  )
}

/** Seconds of each all-reduce by number of ranks, one per host; the fastest is bold. */
export function allReduces({ networks }: Known, name: string, count: number): string {
  const { link } = named(networks, name)
  const rows = RANKS.map((ranks) => {
    const best = cheapest(ranks, count, link).name
    const cells = NAMES.map((each) => {
      const text = duration(secondsOf(ALL_REDUCES[each](ranks, count), link))
      return each === best ? `**${text}**` : text
    })
    return [`${ranks}`, ...cells]
  })
  return table([`${bytes(count)} at ${name}, ranks`, ...NAMES], rows)
}

export function crossovers({ networks }: Known): string {
  const rows = [4, 16, 64, 256, 1024, 4096].map((ranks) => [
    `${ranks}`,
    ...networks.map(({ link }) => bytes(crossover(ranks, link))),
  ])
  return table(['ranks', ...networks.map(({ name }) => name)], rows)
}

export function levels({ networks, cluster, costs }: Known, ranksPerHost: number): string {
  const sizes = [4e3, 4e6, 400e6]
  const rows = [4, 16, 64, 256].flatMap((hosts) =>
    networks.slice(1).map(({ name, link }) => [
      `${hosts} × ${ranksPerHost}, ${name}`,
      ...sizes.map((size) => {
        const flat = flatRing(cluster(link, hosts, ranksPerHost), size)
        const levelled = costs(link, hosts, ranksPerHost).allReduce(size)
        return `${duration(flat)} → ${duration(levelled)}`
      }),
    ]),
  )
  return table(['hosts × ranks', ...sizes.map(bytes)], rows)
}

export function allReducePicture({ networks }: Known): string {
  const { link } = named(networks, '10 Gbit/s')
  const ranks = Array.from({ length: 12 }, (_, index) => 2 ** (index + 1))
  return svg({
    title: 'All-reduce of 4 MB at 10 Gbit/s, one rank per host',
    x: 'ranks',
    y: 'seconds',
    logarithmic: true,
    marks: [1e-3, 1e-2, 1e-1, 1],
    label: duration,
    lines: NAMES.map((name) => ({
      name,
      points: ranks.map((each) => [each, secondsOf(ALL_REDUCES[name](each, 4e6), link)] as const),
    })),
  })
}

function named(networks: Known['networks'], name: string): Known['networks'][number] {
  const found = networks.find((each) => each.name === name)
  if (!found) throw new Error(`There is no network '${name}'.`)
  return found
}
