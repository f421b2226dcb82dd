import type { TensorRecord } from '../contracts/checkpoint-io.js'
import type { NumericData } from '../contracts/host-tensor.js'
import { LevinError } from '../errors.js'
import { type SliceRuns, sizeOf, sliceRuns } from './slice-runs.js'

/** A slice of a tensor, and where its elements belong. */
interface Piece {
  readonly record: TensorRecord
  readonly runs: SliceRuns
}

/** A tensor that is kept in pieces. */
interface Parted {
  readonly name: string
  readonly dtype: TensorRecord['dtype']
  readonly shape: readonly number[]
  readonly pieces: readonly Piece[]
  /** Whether some elements are in several pieces, and so have to be compared. */
  readonly overlapping: boolean
  readonly where: string
}

/**
 * Whole tensors out of slices: what a checkpoint in parts looks like to those who load it. Nothing is read but what is asked
 * for, and a stretch that is asked for comes from the pieces that hold it alone.
 *
 * @param records slices, several of one name; whole ones are passed on
 * @param where names the checkpoint in errors
 * @throws LEVIN_CHECKPOINT_CORRUPT naming a tensor whose slices leave a gap or are of different wholes; when values are read,
 * one whose slices disagree where they overlap
 */
export function joinSlices(records: Iterable<TensorRecord>, where: string): Map<string, TensorRecord> {
  const byName = new Map<string, TensorRecord[]>()
  for (const record of records) {
    const known = byName.get(record.name)
    if (known) known.push(record)
    else byName.set(record.name, [record])
  }
  return new Map([...byName].map(([name, slices]) => [name, join(slices, where)]))
}

function join(slices: readonly TensorRecord[], where: string): TensorRecord {
  const [first, ...others] = slices as [TensorRecord, ...TensorRecord[]]
  if (others.length === 0 && !first.slice) return first
  const { name, dtype } = first
  const shape = [...wholeShapeOf(first)]
  const other = others.find((slice) => slice.dtype !== dtype || String(wholeShapeOf(slice)) !== String(shape))
  if (other) {
    const [a, b] = [first, other].map((slice) => `${slice.dtype} [${wholeShapeOf(slice).join(', ')}]`)
    throw unjoinable(name, where, `its slices are of different tensors, ${a} and ${b}`)
  }
  const pieces = slices.map((record) => ({ record, runs: runsOf(record, shape, where) }))
  const overlapping = requireCovered(name, pieces, shape, where)
  const parted: Parted = { name, dtype, shape, pieces, overlapping, where }
  const size = sizeOf(shape)
  return {
    name,
    dtype,
    shape,
    data: () => assemble(parted, 0, size),
    range: (start, count) => assemble(parted, start, count),
  }
}

/** The shape of the tensor that a record is a part of. */
export const wholeShapeOf = ({ shape, slice, wholeShape }: TensorRecord): readonly number[] =>
  wholeShape ?? slice?.globalShape ?? shape

function runsOf({ name, slice, shape }: TensorRecord, whole: readonly number[], where: string): SliceRuns {
  if (!slice) return { length: sizeOf(shape), count: sizeOf(shape) === 0 ? 0 : 1, start: () => 0 }
  const sameShape = slice.globalShape.length === whole.length && slice.globalShape.every((n, axis) => n === whole[axis])
  const stretch = slice.globalShape.length === 1 && slice.globalShape[0] === sizeOf(whole)
  if (!sameShape && !stretch)
    throw unjoinable(
      name,
      where,
      `a slice of [${slice.globalShape.join(', ')}] is none of a tensor of shape [${whole.join(', ')}]`,
    )
  return sliceRuns(slice)
}

/** Returns whether pieces overlap. */
function requireCovered(name: string, pieces: readonly Piece[], shape: readonly number[], where: string): boolean {
  const runs = pieces.flatMap(({ runs }) =>
    Array.from({ length: runs.count }, (_, i) => ({ start: runs.start(i), end: runs.start(i) + runs.length })),
  )
  runs.sort((a, b) => a.start - b.start)
  const gap = (from: number, to: number) =>
    unjoinable(
      name,
      where,
      `elements ${from} to ${to - 1} of its ${sizeOf(shape)}, shape [${shape.join(', ')}], are in no part`,
    )
  let covered = 0
  let overlapping = false
  for (const { start, end } of runs) {
    if (start > covered) throw gap(covered, start)
    if (start < covered) overlapping = true
    covered = Math.max(covered, end)
  }
  if (covered < sizeOf(shape)) throw gap(covered, sizeOf(shape))
  return overlapping
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

async function assemble(parted: Parted, from: number, count: number): Promise<NumericData> {
  requireInside(parted, from, count)
  const target = new ARRAYS[parted.dtype](count)
  const filled = parted.overlapping ? new Uint8Array(count) : undefined
  for (const piece of parted.pieces) await place(parted, piece, from, target, filled)
  return target
}

/** Copies what a piece has of the stretch that begins at `from`: since both are in row-major order, that is one stretch of it. */
async function place(
  parted: Parted,
  { record, runs }: Piece,
  from: number,
  target: NumericData,
  filled: Uint8Array | undefined,
): Promise<void> {
  const { length } = runs
  const to = from + target.length
  const first = firstRun(runs, (i) => runs.start(i) + length > from)
  const end = firstRun(runs, (i) => runs.start(i) >= to)
  if (first >= end) return
  const localStart = first * length + Math.max(0, from - runs.start(first))
  const localEnd = (end - 1) * length + Math.min(length, to - runs.start(end - 1))
  const values = await valuesOf(record, localStart, localEnd - localStart)
  for (let i = first; i < end; i++) {
    const begin = runs.start(i)
    const start = Math.max(begin, from)
    const stop = Math.min(begin + length, to)
    const local = i * length + (start - begin) - localStart
    const run = values.subarray(local, local + (stop - start))
    if (filled) requireAgreement(parted, run, target, filled, start - from)
    target.set(run, start - from)
  }
}

/** The first run of which `is` holds, which it does for all after it. */
function firstRun({ count }: SliceRuns, is: (i: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (is(middle)) high = middle
    else low = middle + 1
  }
  return low
}

async function valuesOf(record: TensorRecord, start: number, count: number): Promise<NumericData> {
  return record.range ? record.range(start, count) : (await record.data()).subarray(start, start + count)
}

function requireAgreement(
  { name, where }: Parted,
  values: NumericData,
  target: NumericData,
  filled: Uint8Array,
  at: number,
): void {
  for (let i = 0; i < values.length; i++) {
    if (filled[at + i] === 1 && !Object.is(values[i], target[at + i]))
      throw unjoinable(name, where, `two parts hold ${target[at + i]} and ${values[i]} for one element`)
    filled[at + i] = 1
  }
}

function requireInside({ name, shape }: Parted, from: number, count: number): void {
  if (
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(count) &&
    from >= 0 &&
    count >= 0 &&
    from + count <= sizeOf(shape)
  )
    return
  throw new LevinError('LEVIN_SHAPE', {
    message: `'${name}' has no such stretch.`,
    expected: `one within its ${sizeOf(shape)} elements`,
    found: `${count} from ${from} on`,
  })
}

const unjoinable = (name: string, where: string, what: string): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_CORRUPT', {
    message: `'${name}' in '${where}' cannot be put together: ${what}.`,
    remedy:
      'Use another checkpoint; if the strategy is yours, let its ranks together yield every element of each tensor.',
  })
