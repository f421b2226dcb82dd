import { type Tensor, type Tensor1D, type TensorInfo, tidy } from '@tensorflow/tfjs-core'
import {
  type BatchStatistics,
  type GradientSums,
  gradientSums,
  inputGradient,
  normalise,
  statistics,
} from './batch-norm-parts.js'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { reshaped } from './reshaped.js'
import { eagerGradients, recordNode } from './tape-node.js'

/**
 * Inputs of `LevinBatchNorm`. Outputs: `[y, mean, variance]`: y `[rows, channels]`, the statistics `[channels]`;
 * the variance is biased (divided by rows) and comes without epsilon.
 */
export interface BatchNormInputs {
  /** `[rows, channels]` float32. */
  readonly x: TensorInfo
  /** `[channels]`. Absent: 1. */
  readonly gamma?: TensorInfo
  /** `[channels]`. Absent: 0. */
  readonly beta?: TensorInfo
}

export interface BatchNormAttrs {
  readonly epsilon: number
}

/**
 * Inputs of `LevinBatchNormGrad`. Outputs: `[dx]`, then the gradient of gamma if it is given, then that of beta if
 * `hasBeta`; shapes as the inputs of the forward.
 */
export interface BatchNormGradInputs {
  /** `[rows, channels]`: gradient of y. */
  readonly dy: TensorInfo
  readonly x: TensorInfo
  readonly mean: TensorInfo
  readonly variance: TensorInfo
  readonly gamma?: TensorInfo
}

export interface BatchNormGradAttrs {
  readonly epsilon: number
  readonly hasBeta: boolean
}

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined
}

export interface BatchNormResult {
  /** Of the shape of x. */
  readonly y: Tensor
  /** `[channels]`. Carries no gradient: for running statistics. */
  readonly mean: Tensor1D
  /** `[channels]`, biased; times `count / (count - 1)` is the unbiased one. Carries no gradient. */
  readonly variance: Tensor1D
}

/**
 * Batch normalisation as in training: by the statistics of x itself over all axes but the last. Ioffe & Szegedy 2015.
 *
 * Keeps x, the statistics and gamma.
 *
 * @param x `[..., channels]` float32
 * @param gamma `[channels]`
 * @param beta `[channels]`
 */
export function batchNorm(x: Tensor, gamma?: Tensor, beta?: Tensor, options: BatchNormOptions = {}): BatchNormResult {
  const { epsilon = 1e-5 } = options
  const flatShape = checkedShape('batchNorm', x, { gamma, beta })
  const [y, mean, variance] = recordNode({
    name: 'batchNorm',
    inputs: { x, gamma, beta },
    forward(save): Tensor[] {
      const inputs: Operands = withAffine(reshaped(x, flatShape), gamma, beta)
      const [flatY, mean, variance] = hasKernel(kernelNames.batchNorm)
        ? (callOwnKernel(kernelNames.batchNorm, inputs, { epsilon }) as [Tensor, Tensor, Tensor])
        : composedForward(inputs, epsilon)
      const saved = [inputs.x, mean, variance]
      save(gamma === undefined ? saved : [...saved, gamma])
      return [reshaped(flatY, x.shape), mean, variance]
    },
    backward: (dy, saved) =>
      eagerGradients<Affine<Tensor>>(
        tidy(() => {
          const [dx, ...rest] = gradients(reshaped(dy, flatShape), saved, epsilon, beta !== undefined)
          const dGamma = gamma === undefined ? undefined : rest.shift()
          return { x: reshaped(dx as Tensor, x.shape), gamma: dGamma as Tensor, beta: rest[0] as Tensor }
        }),
      ),
  }) as [Tensor, Tensor1D, Tensor1D]
  return { y, mean, variance }
}

/** Mean and biased variance `[channels]` over all axes but the last, without gradient: what workers reduce before {@link batchNormWithStatistics}. */
export function batchNormStatistics(x: Tensor): BatchStatistics {
  const flatShape = checkedShape('batchNormStatistics', x, {})
  const [mean, variance] = recordNode({
    name: 'batchNormStatistics',
    inputs: {},
    forward: (): Tensor[] => statistics(reshaped(x, flatShape)),
    backward: () => ({}),
  }) as [Tensor1D, Tensor1D]
  return { mean, variance }
}

export interface BatchNormWithStatisticsOptions extends BatchNormOptions {
  /**
   * Sums over all the rows that the statistics were computed from, given the sums over the local rows. Called once in
   * backward, in a tidy scope; synchronous. Default: the local rows are all there are.
   */
  readonly reduceGradientSums?: ((local: GradientSums) => GradientSums) | undefined
}

/**
 * Batch normalisation by statistics that were reduced over several parts of one batch, differentiated as what it is: a
 * function in which the statistics depend on x too. Synchronised batch norm is this with an all-reduce of the
 * statistics before it and of the gradient sums inside its backward. Gradients of gamma and beta are of the local rows.
 *
 * @param x `[..., channels]` float32: the local part
 * @param statistics mean and biased variance over all parts, `[channels]`
 */
export function batchNormWithStatistics(
  x: Tensor,
  { mean, variance }: BatchStatistics,
  gamma?: Tensor,
  beta?: Tensor,
  options: BatchNormWithStatisticsOptions = {},
): Tensor {
  const { epsilon = 1e-5, reduceGradientSums = (local) => local } = options
  const flatShape = checkedShape('batchNormWithStatistics', x, { mean, variance, gamma, beta })
  return recordNode({
    name: 'batchNormWithStatistics',
    inputs: { x, gamma, beta },
    forward(save): Tensor {
      const inputs = withAffine(reshaped(x, flatShape), gamma, beta)
      save(gamma === undefined ? [inputs.x, mean, variance] : [inputs.x, mean, variance, gamma])
      return reshaped(normalise(inputs, mean, variance, epsilon), x.shape)
    },
    backward: (dy, saved) =>
      eagerGradients<Affine<Tensor>>(
        tidy(() => {
          const [savedX, savedMean, savedVariance, savedGamma] = saved as [Tensor, Tensor, Tensor, Tensor?]
          const terms = { dy: reshaped(dy, flatShape), x: savedX, mean: savedMean, variance: savedVariance, epsilon }
          const local = gradientSums(terms)
          const dx = inputGradient(terms, savedGamma, reduceGradientSums(local))
          return { x: reshaped(dx, x.shape), gamma: local.weighted, beta: local.plain }
        }),
      ),
  })
}

// --- Internal helpers ---

type Affine<T> = { x: T; gamma: T | undefined; beta: T | undefined }

interface Operands {
  x: Tensor
  gamma?: Tensor
  beta?: Tensor
}

const withAffine = (x: Tensor, gamma: Tensor | undefined, beta: Tensor | undefined): Operands => ({
  x,
  ...(gamma === undefined ? {} : { gamma }),
  ...(beta === undefined ? {} : { beta }),
})

function composedForward(inputs: Operands, epsilon: number): [Tensor, Tensor, Tensor] {
  const [mean, variance] = statistics(inputs.x)
  return [normalise(inputs, mean, variance, epsilon), mean, variance]
}

function gradients(dy: Tensor, saved: Tensor[], epsilon: number, hasBeta: boolean): Tensor[] {
  const [x, mean, variance, gamma] = saved as [Tensor, Tensor, Tensor, Tensor?]
  if (hasKernel(kernelNames.batchNormGrad)) {
    const inputs = { dy, x, mean, variance }
    const operands = gamma === undefined ? inputs : { ...inputs, gamma }
    return callOwnKernel(kernelNames.batchNormGrad, operands, { epsilon, hasBeta })
  }
  const terms = { dy, x, mean, variance, epsilon }
  const sums = gradientSums(terms)
  const result = [inputGradient(terms, gamma, sums)]
  if (gamma !== undefined) result.push(sums.weighted)
  if (hasBeta) result.push(sums.plain)
  return result
}

function checkedShape(op: string, x: Tensor, vectors: Record<string, Tensor | undefined>): [number, number] {
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
