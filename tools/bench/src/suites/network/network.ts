import { fileURLToPath } from 'node:url'
import { installLine, requirePart } from '@levin/real-parts'
import { Hosts } from '@levin/several-hosts'
import type { Command } from '../../contender-process.js'
import { FROM_SOURCES } from '../../node-peer.js'
import { processContenders } from '../../process-contender.js'
import { median } from '../../statistics.js'
import { Absent, type Suite, type SuiteOptions, type Work } from '../../suite.js'
import { microsecondsOf } from '../collectives/collectives.js'
import type { CollectiveWork } from '../collectives/works.js'

/** So slow that eight hosts on two processors wait for their network and not for each other. */
const BANDWIDTH = '400mbit'

/** All-reduces of Open MPI by the numbers that it has for them. */
const ALGORITHMS = { 'recursive-doubling': 3, ring: 4, rabenseifner: 6 } as const

const HOSTS = [2, 3, 4, 8] as const

interface NetworkWork extends CollectiveWork {
  /** Of Open MPI. Without: both do as they see fit, unless it is a message. */
  readonly algorithm?: keyof typeof ALGORITHMS
}

const WORKS: readonly NetworkWork[] = [
  { name: 'network-message-4B', kind: 'message', ranks: 2, elements: 1 },
  { name: 'network-message-4kB', kind: 'message', ranks: 2, elements: 1_000 },
  { name: 'network-message-8MB', kind: 'message', ranks: 2, elements: 2_000_000 },
  ...HOSTS.map(
    (ranks): NetworkWork => ({ name: `network-8MB-${ranks}h`, kind: 'all-reduce', ranks, elements: 2_000_000 }),
  ),
  ...Object.entries({ '4kB': 1_000, '8MB': 2_000_000 }).flatMap(([size, elements]) =>
    (Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[]).flatMap((algorithm) =>
      HOSTS.map(
        (ranks): NetworkWork => ({
          name: `network-${algorithm}-${size}-${ranks}h`,
          kind: 'all-reduce',
          ranks,
          elements,
          algorithm,
        }),
      ),
    ),
  ),
]

const peer = (script: string): string => fileURLToPath(new URL(`../../peers/collectives/${script}`, import.meta.url))

function requireHosts(): void {
  for (const part of ['open-mpi', 'network-namespaces'] as const)
    if (!requirePart(part)) throw new Absent(`'${part}' is not here.`, `Run ${installLine(part)}`)
  if (process.getuid?.() !== 0) throw new Absent('Network namespaces need root.')
}

function commandOn(hosts: Hosts, script: string, work: NetworkWork): Command {
  const algorithm = work.algorithm && [
    ...['--mca', 'coll_tuned_use_dynamic_rules', '1'],
    ...['--mca', 'coll_tuned_allreduce_algorithm', `${ALGORITHMS[work.algorithm]}`],
  ]
  // More ranks than processors, which Open MPI cannot know: to it each host has processors of its own.
  const flags = ['--mca', 'mpi_yield_when_idle', '1', ...(algorithm ?? [])]
  const program = [process.execPath, ...FROM_SOURCES, peer(script), JSON.stringify(work)]
  const [command = '', ...args] = hosts.mpirunCommand(program, { flags })
  return { program: command, args, endedBy: 'SIGTERM' }
}

function workOf(work: NetworkWork, { quick, say }: SuiteOptions): Work {
  let hosts: Hosts | undefined
  const command = (script: string) => (): Command => {
    requireHosts()
    hosts ??= new Hosts({ count: work.ranks, bandwidth: BANDWIDTH })
    return commandOn(hosts, script, work)
  }
  const openMpi = { name: 'open-mpi', command: command('mpi.ts') }
  const levin = { name: 'levin-mpi', command: command('levin-mpi.ts') }
  return {
    name: work.name,
    unit: 'µs',
    contenders: processContenders(
      work.algorithm === undefined && work.kind === 'all-reduce' ? [openMpi, levin] : [openMpi],
      {
        checkStep: 1,
        quick,
        say,
        toValue: (stepsPerSecond) => microsecondsOf(work, stepsPerSecond),
      },
    ),
    conclude: (measured) =>
      [...measured].map(([contender, values]) => ({
        kind: 'figure',
        name: `${work.name}/${contender}`,
        value: median(values),
        unit: 'µs',
      })),
    dispose: () => hosts?.remove(),
  }
}

export const suite: Suite = {
  what: `all-reduces of Open MPI, by algorithm, among hosts that may send ${BANDWIDTH}: what the cost model is held against`,
  works: (options) =>
    (options.quick ? WORKS.filter(({ ranks }) => ranks < 4) : WORKS).map((work) => workOf(work, options)),
}
