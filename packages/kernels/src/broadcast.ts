// How two tensors lie beside each other where one or both broadcast: the axes, melted as far as they can be, with the
// step of each tensor along them.
import { broadcast_util } from '@tensorflow/tfjs-core'

/** An axis of the result: its length, and how many bytes to its next element in either operand (0: the same again). */
export interface Beside {
  readonly count: number
  readonly a: number
  readonly b: number
}

/** Which operand is one number along the innermost axis, as `assembly/binary.ts` counts. */
export type OneOf = 0 | 1 | 2

export interface BroadcastPlan {
  readonly shape: number[]
  readonly inner: number
  readonly one: OneOf
  /** The other axes, innermost first. */
  readonly walks: readonly Beside[]
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false
  return true
}

const whole = (shape: readonly number[], one: OneOf): BroadcastPlan => {
  let inner = 1
  for (const length of shape) inner *= length
  return { shape: shape.slice(), inner, one, walks: [] }
}

const sizeOfShape = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1)

/** The axes, innermost first, each melted with the one before it where both operands go on in the same way. */
function besides(shape: readonly number[], a: readonly number[], b: readonly number[], unit: number): Beside[] {
  const found: Beside[] = []
  let [stepA, stepB] = [unit, unit]
  for (let back = 1; back <= shape.length; back++) {
    const count = shape.at(-back) ?? 1
    const [lengthA, lengthB] = [a.at(-back) ?? 1, b.at(-back) ?? 1]
    const axis = { count, a: lengthA === 1 ? 0 : stepA, b: lengthB === 1 ? 0 : stepB }
    stepA *= lengthA
    stepB *= lengthB
    const last = found[found.length - 1]
    if (count === 1) continue
    if (last !== undefined && axis.a === last.a * last.count && axis.b === last.b * last.count) {
      found[found.length - 1] = { count: last.count * count, a: last.a, b: last.b }
    } else found.push(axis)
  }
  return found
}

/**
 * The plan for two shapes, whose elements take `unit` bytes.
 *
 * @throws an Error where the shapes do not broadcast
 */
export function planBroadcast(a: readonly number[], b: readonly number[], unit: number): BroadcastPlan {
  // What nearly every call is, without a list of axes.
  if (isSame(a, b)) return whole(a, 0)
  if (b.length <= a.length && sizeOfShape(b) === 1) return whole(a, 2)
  if (a.length <= b.length && sizeOfShape(a) === 1) return whole(b, 1)
  const shape = broadcast_util.assertAndGetBroadcastShape([...a], [...b])
  const [inner = { count: 1, a: unit, b: unit }, ...walks] = besides(shape, a, b, unit)
  return { shape, inner: inner.count, one: inner.a === 0 ? 1 : inner.b === 0 ? 2 : 0, walks }
}
