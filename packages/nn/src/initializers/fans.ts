/** How many inputs one output element sums over, and how many outputs one input element feeds. */
export interface Fans {
  readonly fanIn: number
  readonly fanOut: number
}

/**
 * The fans of a weight in tfjs's layout: `[in, out]`, or filters `[...window, in, out]`. A vector counts as `[size, 1]`.
 */
export function fansOf(shape: readonly number[]): Fans {
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1)
  const inputs = shape.length > 1 ? (shape.at(-2) as number) : (shape[0] ?? 1)
  const outputs = shape.length > 1 ? (shape.at(-1) as number) : 1
  return { fanIn: window * inputs, fanOut: window * outputs }
}

/** The activation that follows a weight, for the factor that keeps variances. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

/**
 * The recommended factor on the standard deviation for an activation, PyTorch's `calculate_gain`.
 *
 * @param negativeSlope of `leakyRelu`. Default 0.01.
 */
export function gainFor(nonlinearity: Nonlinearity, negativeSlope = 0.01): number {
  if (nonlinearity === 'leakyRelu') return Math.sqrt(2 / (1 + negativeSlope ** 2))
  return GAINS[nonlinearity]
}

const GAINS = { linear: 1, sigmoid: 1, tanh: 5 / 3, relu: Math.SQRT2, selu: 3 / 4 } as const
