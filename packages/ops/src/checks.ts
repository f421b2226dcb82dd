import type { Tensor } from '@tensorflow/tfjs-core'

/** Fails with `<op>: <what was expected, what was found, what to do>`. */
export function check(condition: boolean, op: string, message: () => string): asserts condition {
  if (!condition) throw new Error(`${op}: ${message()}`)
}

/** `[64, 10]`, as errors print shapes. */
export const format = (shape: readonly number[]): string => `[${shape.join(', ')}]`

export function checkFloat(op: string, name: string, tensor: Tensor): void {
  check(
    tensor.dtype === 'float32',
    op,
    () => `\`${name}\` must be float32, but is ${tensor.dtype}; convert it with \`.toFloat()\``,
  )
}

export function checkInt(op: string, name: string, tensor: Tensor): void {
  check(
    tensor.dtype === 'int32',
    op,
    () =>
      `\`${name}\` must be int32, but is ${tensor.dtype}; create it with dtype 'int32' (tfjs makes numbers float32 unless told), or convert it with \`.toInt()\``,
  )
}

export function checkShape(op: string, name: string, tensor: Tensor, expected: readonly number[], why: string): void {
  check(
    sameShape(tensor.shape, expected),
    op,
    () => `\`${name}\` must have shape ${format(expected)} (${why}), but has ${format(tensor.shape)}`,
  )
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis])
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)
