import { type Tensor, type Tensor1D, type TensorInfo, tidy } from '@tensorflow/tfjs-core'
import {
  type Affine,
  checkedShape,
  gradientSums,
  inputGradient,
  normalise,
  type Operands,
  statistics,
  withAffine,
} from './batch-norm-parts.js'
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

// --- Internal helpers ---

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
