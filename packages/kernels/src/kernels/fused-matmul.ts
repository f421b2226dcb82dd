import type { TensorInfo } from '@tensorflow/tfjs-core'
import { assertFloat, input, type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { multiplyMatrices } from './matmul.js'
import { preluBroadcast } from './prelu.js'

/** Activations that run in the same pass as the bias, by their number in `assembly/activation.ts`. */
export const inPass: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 2, leakyrelu: 3, prelu: 3 }
/** Activations that are a kernel of their own. */
const separate: Readonly<Record<string, string>> = { elu: 'Elu', sigmoid: 'Sigmoid' }

/** tfjs's default slope of `leakyRelu`. */
export const LEAKY_RELU_ALPHA = 0.2

/** Whether a tensor broadcasts to one value per column (`'column'`), to one in all (`'one'`), or otherwise. */
export function spread(tensor: TensorInfo, columns: number): 'column' | 'one' | 'other' {
  const size = sizeOf(tensor.shape)
  if (size === 1) return 'one'
  return size === columns && tensor.shape.at(-1) === columns ? 'column' : 'other'
}

function activationSlope(call: KernelCall, activation: string): TensorInfo | undefined {
  return activation === 'prelu' ? input(call, 'preluActivationWeights') : undefined
}

/** Bias and activation in one pass over the product, in place. */
function applyInPlace(
  runtime: Runtime,
  value: TensorInfo,
  bias: TensorInfo | undefined,
  kind: number,
  alpha: number,
  slope: TensorInfo | undefined,
): void {
  if (bias === undefined && kind === 0) return
  const columns = value.shape.at(-1) ?? 1
  const step = (tensor: TensorInfo | undefined) => Number(tensor !== undefined && spread(tensor, columns) === 'column')
  runtime.wasm.biasActivation(
    runtime.address(value),
    columns === 0 ? 0 : sizeOf(value.shape) / columns,
    columns,
    bias === undefined ? 0 : runtime.address(bias),
    step(bias),
    kind,
    alpha,
    slope === undefined ? 0 : runtime.address(slope),
    step(slope),
  )
}

export const fusedMatMul: KernelDefinition = {
  name: '_FusedMatMul',
  gain: 'the same product; bias of any broadcastable shape, and activation in the same pass',
  compute(call) {
    const { runtime, inputs, attrs } = call
    const a = input(call, 'a')
    const b = input(call, 'b')
    const bias = inputs['bias']
    const activation = String(attrs['activation'] ?? 'linear')
    if (!Object.hasOwn(inPass, activation) && !Object.hasOwn(separate, activation)) {
      const known = [...Object.keys(inPass), ...Object.keys(separate)].join(', ')
      throw new Error(`Expected the activation of a fused matMul to be one of ${known}, found ${activation}.`)
    }
    const slope = activationSlope(call, activation)
    assertFloat('_FusedMatMul', a, b, ...(bias === undefined ? [] : [bias]), ...(slope === undefined ? [] : [slope]))

    const [transposeA, transposeB] = [attrs['transposeA'] === true, attrs['transposeB'] === true]
    const columns = b.shape.at(transposeB ? -2 : -1) ?? 1
    const place = bias === undefined ? undefined : spread(bias, columns)
    let value = multiplyMatrices(runtime, a, b, transposeA, transposeB, place === 'column' ? bias : undefined)
    if (bias !== undefined && place === 'other') {
      value = runtime.replace(value, (product) => runtime.run('Add', { a: product, b: bias }))
    }
    const oneBias = place === 'one' ? bias : undefined
    const slopeInPass = slope === undefined || spread(slope, columns) !== 'other'
    const kind = slopeInPass ? (inPass[activation] ?? 0) : 0
    applyInPlace(runtime, value, oneBias, kind, Number(attrs['leakyreluAlpha'] ?? LEAKY_RELU_ALPHA), slope)
    if (slope !== undefined && !slopeInPass) {
      return runtime.replace(value, (x) => preluBroadcast(runtime, x, slope))
    }
    const kernel = separate[activation]
    return kernel === undefined ? value : runtime.replace(value, (x) => runtime.run(kernel, { x }))
  },
}
