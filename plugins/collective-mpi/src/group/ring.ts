// Reductions around a ring, from messages between neighbours and MPI_Reduce_local. Each rank sends and receives
// 2 (p − 1) / p of the data, the least that is possible, in both directions at once (Patarasuk and Yuan, 2009). The
// non-blocking reductions of Open MPI 4 move twice as much where data are in place or ranks fewer than four: 28 ms for 40 MB
// between two processes of one machine, against 6 ms here.
import type { GroupContext } from './context.js'
import type { Progress } from './progress.js'
import { TAGS } from './tags.js'

/** Bytes of a piece, which a rank reduces while the next ones travel. */
const PIECE = 1 << 20
/** Rings that turn at the same time, each with pieces of its own. */
const LANES = 2

export interface RingReduction {
  /** Handles of MPI. */
  readonly type: number
  readonly operation: number
  readonly elementBytes: number
  /** What is done to a part that is reduced, at `address`: the factor of a mean. */
  readonly finish: (address: number, count: number) => void
}

/** The bytes at `address` become the reduction of all ranks'. */
export function* ringAllReduce(context: GroupContext, address: number, count: number, how: RingReduction): Progress {
  const { size } = context
  const piece = pieceOf(Math.ceil(count / size), how.elementBytes)
  const block = piece * size
  yield* inLanes(context, Math.ceil(count / block), piece * how.elementBytes, (index, scratch, tag) => {
    const from = index * block
    return reduceBlock(context, address + from * how.elementBytes, Math.min(block, count - from), scratch, tag, how)
  })
}

/** The parts of `count` elements at `data` are reduced, each on its rank, into `target`. */
export function* ringReduceScatter(
  context: GroupContext,
  data: number,
  target: number,
  count: number,
  how: RingReduction,
): Progress {
  const piece = pieceOf(count, how.elementBytes)
  const bytes = piece * how.elementBytes
  yield* inLanes(context, Math.ceil(count / piece), 2 * bytes, (index, scratch, tag) => {
    const length = Math.min(piece, count - index * piece)
    const start = index * bytes
    const part = (rank: number) => data + rank * count * how.elementBytes + start
    return reducePart(context, part, target + start, length, [scratch, scratch + bytes], tag, how)
  })
}

const pieceOf = (count: number, elementBytes: number): number => Math.max(1, Math.min(count, PIECE / elementBytes))

/** Which part a rank sends in a step: the one that it received in the step before. */
const partAt = (rank: number, step: number, size: number): number => (((rank - step) % size) + size) % size

function* reduceBlock(
  context: GroupContext,
  address: number,
  count: number,
  scratch: number,
  tag: number,
  how: RingReduction,
): Progress {
  const { size, rank } = context
  const share = Math.ceil(count / size)
  const part = (index: number): [address: number, count: number] => {
    const from = Math.min(count, index * share)
    return [address + from * how.elementBytes, Math.min(count, from + share) - from]
  }
  for (let step = 0; step < size - 1; step++) {
    const [target, length] = part(partAt(rank, step + 1, size))
    yield* exchange(context, part(partAt(rank, step, size)), [scratch, length], tag, how.type)
    context.mpi.call('MPI_Reduce_local', scratch, target, length, how.type, how.operation)
  }
  how.finish(...part(partAt(rank, size - 1, size)))
  for (let step = size - 1; step < 2 * (size - 1); step++) {
    yield* exchange(context, part(partAt(rank, step, size)), part(partAt(rank, step + 1, size)), tag, how.type)
  }
}

function* reducePart(
  context: GroupContext,
  part: (rank: number) => number,
  target: number,
  count: number,
  scratch: readonly [number, number],
  tag: number,
  how: RingReduction,
): Progress {
  const { size, rank } = context
  let carried = part(partAt(rank, 1, size))
  for (let step = 1; step < size; step++) {
    const place = step === size - 1 ? target : scratch[(step & 1) as 0 | 1]
    yield* exchange(context, [carried, count], [place, count], tag, how.type)
    context.mpi.call('MPI_Reduce_local', part(partAt(rank, step + 1, size)), place, count, how.type, how.operation)
    carried = place
  }
  how.finish(target, count)
}

function* exchange(
  context: GroupContext,
  [from, sent]: readonly [address: number, count: number],
  [to, received]: readonly [address: number, count: number],
  tag: number,
  type: number,
): Progress {
  const { size, rank } = context
  const arriving = context.startReceive(to, received, type, (rank + size - 1) % size, tag)
  const leaving = context.startSend(from, sent, type, (rank + 1) % size, tag)
  yield* context.finish(arriving, leaving)
}

/** Lane l does the pieces l, l + lanes, …, on every rank, with a tag and scratch memory of its own. */
function* inLanes(
  context: GroupContext,
  pieces: number,
  scratchBytes: number,
  begin: (index: number, scratch: number, tag: number) => Progress,
): Progress {
  const count = Math.min(LANES, pieces)
  const stride = 64 * Math.ceil(scratchBytes / 64)
  const scratch = context.scratch(count * stride)
  const lane = function* (first: number): Progress {
    for (let index = first; index < pieces; index += count) {
      yield* begin(index, scratch.address + first * stride, TAGS.lane + first)
    }
  }
  const lanes = Array.from({ length: count }, (_, index) => lane(index))
  while (lanes.length > 0) {
    for (let index = lanes.length - 1; index >= 0; index--) if (lanes[index]?.next().done) lanes.splice(index, 1)
    if (lanes.length > 0) yield 'data'
  }
}
