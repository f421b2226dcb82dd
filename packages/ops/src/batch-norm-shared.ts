import { type Tensor, type Tensor1D, type TensorInfo, tidy } from '@tensorflow/tfjs-core'
import type { BatchNormAttrs, BatchNormOptions } from './batch-norm.js'
import {
  type Affine,
  type BatchStatistics,
  checkedShape,
  type GradientSums,
  type GradientTerms,
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

/** Inputs of `LevinBatchNormStatistics`. Outputs: `[mean, variance]` as of `LevinBatchNorm`. */
export interface BatchNormStatisticsInputs {
  /** `[rows, channels]` float32. */
  readonly x: TensorInfo
}

/** Inputs of `LevinBatchNormApply`. Outputs: `[y]`. */
export interface BatchNormApplyInputs {
  /** `[rows, channels]` float32. */
  readonly x: TensorInfo
  /** `[channels]`, as all that follow. */
  readonly mean: TensorInfo
  readonly variance: TensorInfo
  readonly gamma?: TensorInfo
  readonly beta?: TensorInfo
}

/** Inputs of `LevinBatchNormSums`. Outputs: `[plain, weighted]`, as {@link GradientSums}. */
export interface BatchNormSumsInputs {
  /** `[rows, channels]`: gradient of y. */
  readonly dy: TensorInfo
  readonly x: TensorInfo
  readonly mean: TensorInfo
  readonly variance: TensorInfo
}

/** Inputs of `LevinBatchNormInputGrad`. Outputs: `[dx]`. */
export interface BatchNormInputGradInputs extends BatchNormSumsInputs {
  readonly plain: TensorInfo
  readonly weighted: TensorInfo
  readonly gamma?: TensorInfo
}

export interface BatchNormInputGradAttrs extends BatchNormAttrs {
  /** Rows that the sums and the statistics are of. */
  readonly count: number
}

/** Mean and biased variance `[channels]` over all axes but the last, without gradient: what workers reduce before {@link batchNormWithStatistics}. */
export function batchNormStatistics(x: Tensor): BatchStatistics {
  const flatShape = checkedShape('batchNormStatistics', x, {})
  const [mean, variance] = recordNode({
    name: 'batchNormStatistics',
    inputs: {},
    forward: (): Tensor[] => {
      const flat = reshaped(x, flatShape)
      if (!hasKernel(kernelNames.batchNormStatistics)) return statistics(flat)
      return callOwnKernel(kernelNames.batchNormStatistics, { x: flat }, {})
    },
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
      return reshaped(applied(inputs, mean, variance, epsilon), x.shape)
    },
    backward: (dy, saved) =>
      eagerGradients<Affine<Tensor>>(
        tidy(() => {
          const [savedX, savedMean, savedVariance, savedGamma] = saved as [Tensor, Tensor, Tensor, Tensor?]
          const terms = { dy: reshaped(dy, flatShape), x: savedX, mean: savedMean, variance: savedVariance, epsilon }
          const local = sumsOf(terms)
          const dx = inputGradientOf(terms, savedGamma, reduceGradientSums(local))
          return { x: reshaped(dx, x.shape), gamma: local.weighted, beta: local.plain }
        }),
      ),
  })
}

// --- Internal helpers ---

function applied(inputs: Operands, mean: Tensor, variance: Tensor, epsilon: number): Tensor {
  if (!hasKernel(kernelNames.batchNormApply)) return normalise(inputs, mean, variance, epsilon)
  return callOwnKernel(kernelNames.batchNormApply, { ...inputs, mean, variance }, { epsilon })[0] as Tensor
}

function sumsOf({ epsilon, ...terms }: GradientTerms): GradientSums {
  if (!hasKernel(kernelNames.batchNormSums)) return gradientSums({ ...terms, epsilon })
  const [plain, weighted] = callOwnKernel(kernelNames.batchNormSums, terms, { epsilon }) as [Tensor, Tensor]
  return { plain, weighted, count: terms.x.shape[0] as number }
}

function inputGradientOf(
  { epsilon, ...terms }: GradientTerms,
  gamma: Tensor | undefined,
  { plain, weighted, count }: GradientSums,
): Tensor {
  const sums = { plain, weighted, count }
  if (!hasKernel(kernelNames.batchNormInputGrad)) return inputGradient({ ...terms, epsilon }, gamma, sums)
  const inputs = { ...terms, plain, weighted, ...(gamma === undefined ? {} : { gamma }) }
  const attrs = { epsilon, count: Math.max(count, 1) }
  return callOwnKernel(kernelNames.batchNormInputGrad, inputs, attrs)[0] as Tensor
}
