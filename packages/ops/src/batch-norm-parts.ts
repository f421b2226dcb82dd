import { add, mean, mul, rsqrt, square, sub, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { sumRows } from './sums.js'

/** Of a batch, per channel. */
export interface BatchStatistics {
  /** `[channels]` */
  readonly mean: Tensor1D
  /** `[channels]`, biased: divided by the number of rows. */
  readonly variance: Tensor1D
}

/** What the gradient of x needs from all rows: the only thing that parts of a batch must exchange in backward. */
export interface GradientSums {
  /** `[channels]`: sum of dy. */
  readonly plain: Tensor
  /** `[channels]`: sum of dy · (x - mean) / deviation. */
  readonly weighted: Tensor
  /** How many rows were summed. */
  readonly count: number
}

export interface GradientTerms {
  /** `[rows, channels]` */
  readonly dy: Tensor
  /** `[rows, channels]` */
  readonly x: Tensor
  readonly mean: Tensor
  readonly variance: Tensor
  readonly epsilon: number
}

/** Mean and biased variance over the rows of `[rows, channels]`, in two passes: one pass cancels. */
export function statistics(x: Tensor): [Tensor, Tensor] {
  const means = mean(x, 0)
  return [means, mean(square(sub(x, means)), 0)]
}

export function normalise(
  { x, gamma, beta }: { x: Tensor; gamma?: Tensor; beta?: Tensor },
  means: Tensor,
  variance: Tensor,
  epsilon: number,
): Tensor {
  const inverseDeviation = rsqrt(add(variance, epsilon))
  const scale = gamma === undefined ? inverseDeviation : mul(inverseDeviation, gamma)
  const y = mul(sub(x, means), scale)
  return beta === undefined ? y : add(y, beta)
}

export function gradientSums({ dy, x, mean: means, variance, epsilon }: GradientTerms): GradientSums {
  const normalised = mul(sub(x, means), rsqrt(add(variance, epsilon)))
  return { plain: sumRows(dy), weighted: sumRows(mul(dy, normalised)), count: x.shape[0] as number }
}

export function inputGradient(
  { dy, x, mean: means, variance, epsilon }: GradientTerms,
  gamma: Tensor | undefined,
  { plain, weighted, count }: GradientSums,
): Tensor {
  const inverseDeviation = rsqrt(add(variance, epsilon))
  const normalised = mul(sub(x, means), inverseDeviation)
  const rows = Math.max(count, 1)
  // What the mean and the variance take back of the gradient.
  const shared = add(mul(plain, 1 / rows), mul(normalised, mul(weighted, 1 / rows)))
  return mul(sub(dy, shared), gamma === undefined ? inverseDeviation : mul(inverseDeviation, gamma))
}

export type Affine<T> = { x: T; gamma: T | undefined; beta: T | undefined }

export interface Operands {
  x: Tensor
  gamma?: Tensor
  beta?: Tensor
}

export const withAffine = (x: Tensor, gamma: Tensor | undefined, beta: Tensor | undefined): Operands => ({
  x,
  ...(gamma === undefined ? {} : { gamma }),
  ...(beta === undefined ? {} : { beta }),
})

/** Refuses what is not `[..., channels]`, and vectors that are not `[channels]`; gives `[rows, channels]`. */
export function checkedShape(op: string, x: Tensor, vectors: Record<string, Tensor | undefined>): [number, number] {
  checkFloat(op, 'x', x)
  check(x.rank >= 2, op, () => `\`x\` must be [..., channels] with a batch axis, but has shape ${format(x.shape)}`)
  const channels = x.shape[x.rank - 1] as number
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector === undefined) continue
    checkFloat(op, name, vector)
    checkShape(op, name, vector, [channels], `the channels of \`x\` ${format(x.shape)}`)
  }
  return [sizeOf(x.shape.slice(0, -1)), channels]
}
