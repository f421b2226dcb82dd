import type { Collectives } from '@levin/core'
import type { CollectiveWork } from '../../suites/collectives/works.js'

/** The collectives that are measured, of whoever offers them. All block. */
export interface MeasuredCollectives {
  /** In place. */
  allReduce(data: Float32Array): void
  reduceScatter(data: Float32Array, target: Float32Array): void
  allGather(data: Float32Array, target: Float32Array): void
  send(data: Float32Array, to: number): void
  receive(data: Float32Array, from: number): void
  barrier(): void
  /** `target` plus `data`, of this rank alone. Absent: not offered. */
  reduceLocally?(data: Float32Array, target: Float32Array): void
}

/** Ours, over threads or processes. */
export const measuredCollectives = (blocking: Collectives): MeasuredCollectives => ({
  allReduce: (data) => blocking.allReduce(data, 'sum'),
  reduceScatter: (data, target) => blocking.reduceScatter(data, target, 'sum'),
  allGather: (data, target) => blocking.allGather(data, target),
  send: (data, to) => blocking.send(data, to),
  receive: (data, from) => blocking.receive(data, from),
  barrier: () => blocking.barrier(),
})

/** Seconds, and a number that all contenders must agree on, of what the first exchange gave. */
export interface Measured {
  readonly seconds: number
  readonly check: number
}

/** Where tensors lie: a WebAssembly memory of each rank's own. */
function heapOf(elements: number): (count: number) => Float32Array {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((elements * 4) / 65_536) + 2, maximum: 65_536 })
  let next = 64
  return (count) => {
    const start = next
    // On whole cache lines, as allocators of tensors give them.
    next += Math.ceil((4 * count) / 64) * 64
    return new Float32Array(memory.buffer, start, count)
  }
}

/**
 * What a rank does for a work: the exchange so many times between two barriers. After the first time there is nothing but
 * zeros, so that no sum of sums overflows.
 */
export function exchanging(
  { kind, ranks, elements }: CollectiveWork,
  rank: number,
  group: MeasuredCollectives,
): (steps: number) => Measured {
  const part = kind === 'local-reduction' ? elements : Math.floor(elements / ranks)
  const allocate = heapOf(elements + part + 64)
  const [whole, share] = [allocate(elements), allocate(part)]
  for (const data of [whole, share]) data.set(data.map((_, i) => ((i * 37 + rank * 11) % 101) / 8))
  const next = rank === 0 ? 1 : 0
  const forms: Record<CollectiveWork['kind'], () => void> = {
    'all-reduce': () => group.allReduce(whole),
    'reduce-scatter': () => group.reduceScatter(whole.subarray(0, part * ranks), share),
    'all-gather': () => group.allGather(share, whole.subarray(0, part * ranks)),
    barrier: () => group.barrier(),
    'local-reduction': () => group.reduceLocally?.(whole, share),
    message: () => {
      if (rank === 0) group.send(whole, next)
      group.receive(whole, next)
      if (rank === 1) group.send(whole, next)
    },
  }
  const once = forms[kind]
  const result = kind === 'reduce-scatter' || kind === 'local-reduction' ? share : whole
  let check: number | undefined
  return (steps) => {
    const seconds = timed(once, group, steps)
    if (check === undefined) {
      check = 1 + result.reduce((sum, value, i) => sum + value * ((i % 13) - 5), 0)
      for (const data of [whole, share]) data.fill(0)
    }
    return { seconds, check }
  }
}

/** Seconds of so many times between two barriers. */
function timed(once: () => void, group: MeasuredCollectives, steps: number): number {
  group.barrier()
  const start = performance.now()
  for (let step = 0; step < steps; step++) once()
  group.barrier()
  return (performance.now() - start) / 1000
}
