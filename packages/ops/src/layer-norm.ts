import { add, mean, mul, rsqrt, square, sub, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { reshaped } from './reshaped.js'
import { sumRows } from './sums.js'
import { eagerGradients, recordNode } from './tape-node.js'
import { looksFor } from './wanted-kernels.js'

/**
 * Inputs of `LevinLayerNorm`. Outputs: `[y, mean, inverseDeviation]`: y `[rows, size]`, the statistics `[rows]`;
 * inverseDeviation is `1 / sqrt(variance + epsilon)` with the biased variance.
 */
export interface LayerNormInputs {
  /** `[rows, size]` float32. */
  readonly x: TensorInfo
  /** `[size]`. Absent: 1. */
  readonly gamma?: TensorInfo
  /** `[size]`. Absent: 0. */
  readonly beta?: TensorInfo
}

export interface LayerNormAttrs {
  readonly epsilon: number
}

/**
 * Inputs of `LevinLayerNormGrad`. Outputs: `[dx]`, then the gradient of gamma if it is given, then that of beta if
 * `hasBeta`; shapes as the inputs of the forward.
 */
export interface LayerNormGradInputs {
  /** `[rows, size]`: gradient of y. */
  readonly dy: TensorInfo
  readonly x: TensorInfo
  readonly mean: TensorInfo
  readonly inverseDeviation: TensorInfo
  readonly gamma?: TensorInfo
}

export interface LayerNormGradAttrs {
  readonly hasBeta: boolean
}

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined
  /** How many of the last axes are normalised together. Default: the rank of gamma (or beta), or 1. */
  readonly axes?: number | undefined
}

/**
 * Normalises the last axes to mean 0 and variance 1, then scales and shifts. Ba et al. 2016.
 *
 * Keeps x, two numbers per row and gamma.
 *
 * @param x `[..., ...normalised]` float32
 * @param gamma `[...normalised]`
 * @param beta `[...normalised]`
 */
export const layerNorm = /* @__PURE__ */ looksFor(
  ['LevinLayerNorm'],
  function layerNorm(x: Tensor, gamma?: Tensor, beta?: Tensor, options: LayerNormOptions = {}): Tensor {
    const { epsilon = 1e-5, axes = gamma?.rank ?? beta?.rank ?? 1 } = options
    checkArguments(x, gamma, beta, axes)
    const size = sizeOf(x.shape.slice(x.rank - axes))
    const rows = sizeOf(x.shape.slice(0, x.rank - axes))
    return recordNode({
      name: 'layerNorm',
      inputs: { x, gamma, beta },
      forward(save) {
        const inputs: Operands = { x: reshaped(x, [rows, size]) }
        if (gamma !== undefined) inputs.gamma = reshaped(gamma, [size])
        if (beta !== undefined) inputs.beta = reshaped(beta, [size])
        const [y, means, inverseDeviation] = hasKernel(kernelNames.layerNorm)
          ? (callOwnKernel(kernelNames.layerNorm, inputs, { epsilon }) as [Tensor, Tensor, Tensor])
          : composedForward(inputs, epsilon)
        const saved = [inputs.x, means, inverseDeviation]
        save(inputs.gamma === undefined ? saved : [...saved, inputs.gamma])
        return reshaped(y, x.shape)
      },
      backward: (dy, saved) =>
        eagerGradients<{ x: Tensor; gamma: Tensor | undefined; beta: Tensor | undefined }>(
          tidy(() => {
            const [dx, ...rest] = gradients(reshaped(dy, [rows, size]), saved, beta !== undefined)
            const dGamma = gamma === undefined ? undefined : reshaped(rest.shift() as Tensor, gamma.shape)
            const dBeta = beta === undefined ? undefined : reshaped(rest.shift() as Tensor, beta.shape)
            return { x: reshaped(dx as Tensor, x.shape), gamma: dGamma as Tensor, beta: dBeta as Tensor }
          }),
        ),
    })
  },
)

// --- Internal helpers ---

interface Operands {
  x: Tensor
  gamma?: Tensor
  beta?: Tensor
}

function composedForward({ x, gamma, beta }: Operands, epsilon: number): [Tensor, Tensor, Tensor] {
  const means = mean(x, 1, true)
  const centered = sub(x, means)
  const inverseDeviation = rsqrt(add(mean(square(centered), 1, true), epsilon))
  let y = mul(centered, inverseDeviation)
  if (gamma !== undefined) y = mul(y, gamma)
  if (beta !== undefined) y = add(y, beta)
  const rows = x.shape[0] as number
  return [y, reshaped(means, [rows]), reshaped(inverseDeviation, [rows])]
}

function gradients(dy: Tensor, saved: Tensor[], hasBeta: boolean): Tensor[] {
  const [x, means, inverseDeviation, gamma] = saved as [Tensor, Tensor, Tensor, Tensor?]
  if (hasKernel(kernelNames.layerNormGrad)) {
    const inputs = { dy, x, mean: means, inverseDeviation }
    return callOwnKernel(kernelNames.layerNormGrad, gamma === undefined ? inputs : { ...inputs, gamma }, { hasBeta })
  }
  const column = [x.shape[0] as number, 1]
  const inverse = reshaped(inverseDeviation, column)
  const normalised = mul(sub(x, reshaped(means, column)), inverse)
  const scaled = gamma === undefined ? dy : mul(dy, gamma)
  // What the mean and the variance take back of the gradient.
  const shared = add(mean(scaled, 1, true), mul(normalised, mean(mul(scaled, normalised), 1, true)))
  const result = [mul(sub(scaled, shared), inverse)]
  if (gamma !== undefined) result.push(sumRows(mul(dy, normalised)))
  if (hasBeta) result.push(sumRows(dy))
  return result
}

function checkArguments(x: Tensor, gamma: Tensor | undefined, beta: Tensor | undefined, axes: number): void {
  checkFloat('layerNorm', 'x', x)
  check(
    Number.isInteger(axes) && axes >= 1 && axes <= x.rank,
    'layerNorm',
    () => `\`axes\` must be a number of axes from 1 to the rank of \`x\` ${format(x.shape)}, but is ${axes}`,
  )
  const normalised = x.shape.slice(x.rank - axes)
  for (const [name, tensor] of [
    ['gamma', gamma],
    ['beta', beta],
  ] as const) {
    if (tensor === undefined) continue
    checkFloat('layerNorm', name, tensor)
    checkShape('layerNorm', name, tensor, normalised, `the last ${axes} of \`x\` ${format(x.shape)}`)
  }
}
