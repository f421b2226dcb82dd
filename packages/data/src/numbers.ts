import type { NumericData, NumericType } from '@levin/core'
import type { NumberArray } from './batched.js'
import type { Allocate } from './dataset.js'

/** Constructors of {@link NumberArray}, by the dtype that their values have unless told otherwise. */
const FLOATS = [Float32Array, Float64Array]
const INTEGERS = [Int32Array, Uint8Array, Uint8ClampedArray, Int8Array, Int16Array, Uint16Array]

/** The dtype of a typed array's values; `undefined` for anything else. Bytes are whole numbers, as in tfjs. */
export function dtypeOf(value: unknown): NumericType | undefined {
  if (FLOATS.some((type) => value instanceof type)) return 'float32'
  return INTEGERS.some((type) => value instanceof type) ? 'int32' : undefined
}

export const isNumberArray = (value: unknown): value is NumberArray => dtypeOf(value) !== undefined

/** An array for `length` values of a dtype. */
export function allocate(dtype: NumericType, length: number): NumericData {
  if (dtype === 'float32') return new Float32Array(length)
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length)
}

/** A new host tensor, in memory of JavaScript's own. */
export const allocateTensor: Allocate = (shape, dtype) => ({ data: allocate(dtype, product(shape)), shape, dtype })

/** The first value that a dtype cannot hold exactly; `undefined` if there is none. Float32 takes all numbers, rounded. */
export function misfit(values: ArrayLike<number>, dtype: NumericType): number | undefined {
  if (dtype === 'float32') return undefined
  const fits =
    dtype === 'int32' ? (value: number) => (value | 0) === value : (value: number) => value === 0 || value === 1
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (!fits(value)) return value
  }
  return undefined
}

export const product = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1)

export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`

/** The shape of nested arrays of numbers, by their first elements; `undefined` if the innermost are no numbers. */
export function nestedShape(value: readonly unknown[]): number[] | undefined {
  const first = value[0]
  if (Array.isArray(first)) {
    const inner = nestedShape(first)
    return inner && [value.length, ...inner]
  }
  const numeric = value.every((item) => typeof item === 'number' || typeof item === 'boolean')
  return numeric ? [value.length] : undefined
}

/** Whether the numbers of nested arrays are booleans. */
export function isNestedBoolean(value: readonly unknown[]): boolean {
  const first = value[0]
  return Array.isArray(first) ? isNestedBoolean(first) : typeof first === 'boolean'
}

/**
 * Writes nested arrays of numbers into `target`, row by row. Returns where they are ragged, `undefined` if they are not.
 */
export function flattenInto(
  target: NumericData | Float64Array,
  offset: number,
  value: unknown,
  shape: readonly number[],
  axis = 0,
): string | undefined {
  if (axis === shape.length) {
    if (typeof value !== 'number' && typeof value !== 'boolean') return 'a value that is no number'
    target[offset] = Number(value)
    return undefined
  }
  if (!Array.isArray(value)) return `a value where an array of ${shape[axis]} should be`
  if (value.length !== shape[axis]) return `${value.length} values on axis ${axis} instead of ${shape[axis]}`
  const stride = product(shape.slice(axis + 1))
  for (let i = 0; i < value.length; i++) {
    const ragged = flattenInto(target, offset + i * stride, value[i], shape, axis + 1)
    if (ragged) return ragged
  }
  return undefined
}
