import { LevinError, type ProcessGroup } from '@levin/core'

/** Where a rank stands in a world of processes that have several ranks each. */
export interface Place {
  /** The ranks of this process. */
  readonly inner: ProcessGroup
  /** The processes; the first rank of each has it. */
  readonly outer: ProcessGroup | undefined
  /** This process among them. */
  readonly process: number
  /** Ranks of each process. */
  readonly sizes: readonly number[]
  /** The first rank of each process. */
  readonly firsts: readonly number[]
  readonly rank: number
  readonly size: number
  /** Whether ranks may block on both levels. */
  readonly blocks: boolean
}

/** Tells all ranks of this process what the first one knows of the others. Collective. */
export async function findPlace(inner: ProcessGroup, outer: ProcessGroup | undefined): Promise<Place> {
  if (inner.rank !== 0 && outer !== undefined) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `Rank ${inner.rank} of a process has a group of processes.`,
      expected: 'one with the first rank of each process, and none with the others',
    })
  }
  const header = Int32Array.of(outer?.size ?? 1, outer?.rank ?? 0, outer && !outer.blocking ? 0 : 1)
  await inner.asynchronous.broadcast(header, 0)
  const [processes = 1, process = 0, outerBlocks = 0] = header
  const sizes = new Int32Array(processes)
  if (outer) await outer.asynchronous.allGather(Int32Array.of(inner.size), sizes)
  else sizes[process] = inner.size
  await inner.asynchronous.broadcast(sizes, 0)
  const firsts = [...sizes].map((_, index) => sizes.subarray(0, index).reduce((sum, size) => sum + size, 0))
  return {
    inner,
    outer,
    process,
    sizes: [...sizes],
    firsts,
    rank: (firsts[process] as number) + inner.rank,
    size: sizes.reduce((sum, size) => sum + size, 0),
    blocks: outerBlocks === 1 && inner.blocking !== undefined,
  }
}

/** Which process a rank belongs to, and which of its ranks it is. */
export function locate({ firsts }: Place, rank: number): { readonly process: number; readonly inner: number } {
  const process = firsts.findLastIndex((first) => first <= rank)
  return { process, inner: rank - (firsts[process] as number) }
}
