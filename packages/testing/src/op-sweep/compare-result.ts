import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tolerance } from '../all-close.js'
import { expectEqual } from '../expectations.js'
import { isPlain, type SampledNumbers, sampleStep } from './recorded.js'

type Values = ArrayLike<number>

export interface Expected {
  readonly shape: readonly number[]
  readonly dtype: string
  readonly numbers: SampledNumbers | readonly number[]
}

/**
 * Fails unless shape and dtype are as expected and every number that was recorded is close; of a sampled result also the
 * sum over all its numbers with weights `cos(1 + i)`, so that none can be wrong unseen.
 *
 * @param read of `tensor`; in the order that it lies in
 */
export function compareResult(
  tensor: Tensor,
  read: Values,
  expected: Expected,
  tolerance: Tolerance,
  what: string,
): void {
  expectEqual([...tensor.shape], [...expected.shape], `shape of ${what}`)
  expectEqual(tensor.dtype, expected.dtype, `dtype of ${what}`)
  compareNumbers(read, expected.numbers, tolerance, what)
}

export function compareNumbers(
  read: Values,
  expected: Expected['numbers'],
  { rtol = 1e-5, atol = 1e-6 }: Tolerance,
  what: string,
): void {
  const { data, along } = isPlain(expected) ? { data: expected, along: undefined } : expected
  const step = along === undefined ? 1 : sampleStep(read.length)
  expectEqual(Math.ceil(read.length / step), data.length, `count of recorded numbers of ${what}`)
  for (const [index, wanted] of data.entries()) {
    const found = read[index * step] as number
    // Infinities of one sign are close; NaN is close to nothing.
    const close = found === wanted || Math.abs(found - wanted) <= atol + rtol * Math.abs(wanted)
    if (!close)
      throw new Error(`${what}, number ${index * step} of ${read.length}: expected ${wanted}, found ${found}.`)
  }
  if (along !== undefined) compareProjection(read, along, { rtol, atol }, what)
}

function compareProjection(read: Values, along: number, { rtol, atol }: Required<Tolerance>, what: string): void {
  let [sum, size] = [0, 0]
  for (let i = 0; i < read.length; i++) {
    const part = (read[i] as number) * Math.cos(1 + i)
    sum += part
    size += Math.abs(part)
  }
  // Errors of single numbers are of both signs; no sum of theirs comes near to what all of them together may be.
  const allowed = atol * Math.sqrt(read.length) + rtol * size
  if (Math.abs(sum - along) <= allowed) return
  throw new Error(
    `${what}: the sum of its ${read.length} numbers by cos(1 + i) is ${sum}, expected ${along} ± ${allowed}.`,
  )
}
