import type { Link, SharedMemory } from '@levin/strategies/planner'
import type { Measurements } from './measurements.js'

/** A line through two measurements. */
function line(
  [smallBytes, smallSeconds]: readonly [bytes: number, seconds: number],
  [largeBytes, largeSeconds]: readonly [bytes: number, seconds: number],
): { latency: number; secondsPerByte: number } {
  const secondsPerByte = (largeSeconds - smallSeconds) / (largeBytes - smallBytes)
  return { latency: Math.max(0, smallSeconds - smallBytes * secondsPerByte), secondsPerByte }
}

/** Threads of one process, from measurements of two ranks. */
export function sharedMemoryOf(collectives: Measurements): SharedMemory {
  const at = (work: string) => collectives.seconds(work, 'levin')
  const { latency, secondsPerByte } = line([4e3, at('all-reduce-4kB')], [40e6, at('all-reduce-40MB')])
  const gathered = line([400e3, at('all-gather-400kB')], [40e6, at('all-gather-40MB')])
  return { latency, secondsPerByte, secondsPerMovedByte: gathered.secondsPerByte }
}

/** Seconds per byte of a reduction in one rank's memory. */
export const reductionOf = (collectives: Measurements): number =>
  collectives.seconds('local-reduction-4MB', 'open-mpi') / 4e6

/** Processes of one host, by Open MPI. */
export function processesOf(collectives: Measurements): Link {
  const message = line(
    [4, collectives.seconds('message-4B', 'open-mpi')],
    [4e6, collectives.seconds('message-4MB', 'open-mpi')],
  )
  return { ...message, secondsPerReducedByte: reductionOf(collectives) }
}

/** The hosts of the suite `network`, by Open MPI over TCP: 400 Mbit/s each. */
export function namespacesOf(network: Measurements, collectives: Measurements): Link {
  const message = line(
    [4, network.seconds('network-message-4B', 'open-mpi')],
    [8e6, network.seconds('network-message-8MB', 'open-mpi')],
  )
  return { ...message, secondsPerReducedByte: reductionOf(collectives), pairFactor: 2 }
}

/** The same for some kilobytes, which the limit lets pass at once. */
export function burstsOf(network: Measurements, collectives: Measurements): Link {
  const message = line(
    [4, network.seconds('network-message-4B', 'open-mpi')],
    [4e3, network.seconds('network-message-4kB', 'open-mpi')],
  )
  return { ...message, secondsPerReducedByte: reductionOf(collectives) }
}
