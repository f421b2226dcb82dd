import { _FusedMatMul, BatchMatMul, Sum, type Tensor, zeros } from '@tensorflow/tfjs-core'
import { gradientFromOutput } from './activation-gradients.js'
import { check, checkFloat, checkShape, format, sizeOf } from './checks.js'
import { callKernel, view } from './kernel.js'
import { type InputGradients, recordNode } from './tape-node.js'

/** Activations that every backend fuses into its matrix product, and whose derivative follows from the output alone. */
export type FusedActivation = 'relu' | 'elu' | 'sigmoid' | 'leakyRelu'

export interface LinearOptions {
  /** Applied to the result in the same kernel. Default: none. */
  readonly activation?: FusedActivation | undefined
  /** Of `leakyRelu`: the factor on negative values, 0 or more. Default 0.01, as in PyTorch. */
  readonly negativeSlope?: number | undefined
}

/**
 * Affine map of the last axis: `activation(x · weight + bias)`.
 *
 * One `_FusedMatMul` forward; backward one `BatchMatMul` for each of x and weight and one `Sum` for bias, each only
 * when its gradient is needed (the first layer's input has none). Nothing is reshaped: operands are seen as
 * `[1, rows, in]` without a kernel call. Keeps x, weight and, with an activation, the output until backward.
 *
 * @param x `[..., in]`
 * @param weight `[in, out]`
 * @param bias `[out]`
 * @returns `[..., out]`
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor, options: LinearOptions = {}): Tensor {
  const { activation, negativeSlope = 0.01 } = options
  const { rows, inputs, outputs } = checkedSizes(x, weight, bias, options)
  const alpha = activation === 'leakyRelu' ? negativeSlope : 1
  const outShape = [...x.shape.slice(0, -1), outputs]
  const attrs = {
    transposeA: false,
    transposeB: false,
    activation: fusedName(activation),
    leakyreluAlpha: negativeSlope,
  }

  return recordNode({
    name: 'linear',
    inputs: { x, weight, bias },
    forward(save) {
      const a = view(x, [1, rows, inputs])
      const b = view(weight, [1, inputs, outputs])
      const operands = bias === undefined ? { a, b } : { a, b, bias }
      const [y] = callKernel(_FusedMatMul, operands, attrs, outShape) as [Tensor]
      save(activation === undefined ? [x, weight] : [x, weight, y])
      return y
    },
    backward(dy, saved) {
      const [savedX, savedWeight, y] = saved as [Tensor, Tensor, Tensor?]
      const dz = y === undefined || activation === undefined ? dy : gradientFromOutput(activation, dy, y, alpha)
      return linearGradients(dz, savedX, savedWeight, { rows, inputs, outputs })
    },
  })
}

// --- Internal helpers ---

interface Sizes {
  rows: number
  inputs: number
  outputs: number
}

function linearGradients(
  dz: Tensor,
  x: Tensor,
  weight: Tensor,
  { rows, inputs, outputs }: Sizes,
): InputGradients<{ x: Tensor; weight: Tensor; bias: Tensor | undefined }> {
  const multiply = (a: Tensor, aShape: number[], b: Tensor, bShape: number[], attrs: object, shape: number[]) =>
    callKernel(BatchMatMul, { a: view(a, aShape), b: view(b, bShape) }, attrs, shape)[0] as Tensor
  const dzShape = [1, rows, outputs]
  return {
    x: () => multiply(dz, dzShape, weight, [1, inputs, outputs], { transposeA: false, transposeB: true }, x.shape),
    // Of no rows: stock backends leave the result of an empty product unwritten.
    weight: () =>
      rows === 0
        ? zeros([inputs, outputs])
        : multiply(x, [1, rows, inputs], dz, dzShape, { transposeA: true, transposeB: false }, [inputs, outputs]),
    bias: () =>
      rows === 0
        ? zeros([outputs])
        : (callKernel(Sum, { x: view(dz, [rows, outputs]) }, { axis: [0], keepDims: false })[0] as Tensor),
  }
}

function fusedName(activation: FusedActivation | undefined): string {
  if (activation === undefined) return 'linear'
  return activation === 'leakyRelu' ? 'leakyrelu' : activation
}

function checkedSizes(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: LinearOptions): Sizes {
  const { activation, negativeSlope = 0.01 } = options
  checkFloat('linear', 'x', x)
  checkFloat('linear', 'weight', weight)
  check(weight.rank === 2, 'linear', () => `\`weight\` must be [in, out], but has shape ${format(weight.shape)}`)
  const [inputs, outputs] = weight.shape as [number, number]
  check(
    x.rank >= 1 && x.shape[x.rank - 1] === inputs,
    'linear',
    () => `\`x\` must be [..., ${inputs}] to fit \`weight\` ${format(weight.shape)}, but has shape ${format(x.shape)}`,
  )
  if (bias !== undefined) {
    checkFloat('linear', 'bias', bias)
    checkShape('linear', 'bias', bias, [outputs], 'the outputs of `weight`')
  }
  check(
    activation === undefined || ['relu', 'elu', 'sigmoid', 'leakyRelu'].includes(activation),
    'linear',
    () =>
      `\`activation\` must be 'relu', 'elu', 'sigmoid' or 'leakyRelu', but is '${activation}'; apply others to the result`,
  )
  check(
    negativeSlope >= 0,
    'linear',
    () => `\`negativeSlope\` must be 0 or more to be fused, but is ${negativeSlope}; apply leakyRelu to the result`,
  )
  return { rows: sizeOf(x.shape.slice(0, -1)), inputs, outputs }
}
