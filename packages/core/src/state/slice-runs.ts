import { LevinError } from '../errors.js'
import type { SliceLayout } from '../rng/index.js'

/** The elements of a slice as the longest stretches that lie side by side in the whole; all are equally long. */
export interface SliceRuns {
  /** Elements of one run. */
  readonly length: number
  readonly count: number
  /** Where the i-th begins in the whole, in row-major order. Grows with i. */
  start(i: number): number
}

/** @throws LEVIN_SHAPE if the slice does not lie inside its whole */
export function sliceRuns({ globalShape, start, shape }: SliceLayout): SliceRuns {
  const rank = shape.length
  const inside =
    globalShape.length === rank &&
    start.length === rank &&
    shape.every((length, axis) => fits(start[axis], length, globalShape[axis]))
  if (!inside) {
    throw new LevinError('LEVIN_SHAPE', {
      expected: `a slice inside a tensor of shape [${globalShape.join(', ')}]`,
      found: `one of shape [${shape.join(', ')}] at [${start.join(', ')}]`,
    })
  }
  // Axes behind `outer` are held whole, so that runs reach across them.
  let outer = rank
  let length = 1
  while (outer > 0) {
    outer--
    length *= shape[outer] as number
    if (shape[outer] !== globalShape[outer]) break
  }
  const strides = stridesOf(globalShape)
  const first = start.reduce((sum, at, axis) => sum + at * (strides[axis] as number), 0)
  const count = length === 0 ? 0 : sizeOf(shape.slice(0, outer))
  return {
    length,
    count,
    start(i) {
      let rest = i
      let index = first
      for (let axis = outer - 1; axis >= 0 && rest > 0; axis--) {
        const extent = shape[axis] as number
        index += (rest % extent) * (strides[axis] as number)
        rest = Math.floor(rest / extent)
      }
      return index
    },
  }
}

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

function fits(start: number | undefined, length: number, whole: number | undefined): boolean {
  if (start === undefined || whole === undefined) return false
  return Number.isSafeInteger(start) && start >= 0 && length >= 0 && start + length <= whole
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis] as number
  }
  return strides
}
