// Kernels that treat the real and the imaginary parts of complex64 tensors alike: the stock kernel, called for each. The
// stock kernels themselves would take the bits of a complex tensor for other numbers, without a word.
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition } from '../kernel-definition.js'

type Part = 'Real' | 'Imag'

const isComplex = (tensor: TensorInfo | undefined): boolean => tensor?.dtype === 'complex64'

export function hasComplex(inputs: NamedTensorInfoMap): boolean {
  for (const name in inputs) if (isComplex(inputs[name])) return true
  return false
}

function callStock({ runtime, stock }: KernelCall, inputs: NamedTensorInfoMap, attrs: NamedAttrMap): TensorInfo {
  if (stock === undefined) throw new Error('The wasm backend lacks the kernel that this one extends.')
  return stock({ inputs, backend: runtime.backend, attrs }) as TensorInfo
}

/** The stock kernel on one part of every complex input. Lists of inputs (concat) stay lists. */
function onPart(call: KernelCall, part: Part, attrs: NamedAttrMap): TensorInfo {
  const made: TensorInfo[] = []
  const select = (tensor: TensorInfo | undefined): TensorInfo | undefined => {
    if (tensor === undefined || !isComplex(tensor)) return tensor
    const selected = call.runtime.run(part, { input: tensor })
    made.push(selected)
    return selected
  }
  const inputs: unknown = Array.isArray(call.inputs)
    ? call.inputs.map(select)
    : Object.fromEntries(Object.entries(call.inputs).map(([name, tensor]) => [name, select(tensor)]))
  const out = callStock(call, inputs as NamedTensorInfoMap, attrs)
  for (const tensor of made) call.runtime.dispose(tensor)
  return out
}

/** Makes one complex tensor of two parts, and disposes of them. */
function join({ runtime }: KernelCall, real: TensorInfo, imag: TensorInfo): TensorInfo {
  const out = runtime.run('Complex', { real, imag })
  runtime.dispose(real)
  runtime.dispose(imag)
  return out
}

/** A stock kernel that takes complex64 as well. */
export function byParts(name: string): KernelDefinition {
  return {
    name,
    gain: 'on complex64 too; everything else is left to the stock kernel',
    handles: hasComplex,
    compute: (call) => join(call, onPart(call, 'Real', call.attrs), onPart(call, 'Imag', call.attrs)),
  }
}

/** `(a + bi)(c + di) = (ac − bd) + (ad + bc)i`. */
export const multiplyComplex: KernelDefinition = {
  ...byParts('Multiply'),
  compute(call) {
    const { runtime } = call
    const parts = (name: string) =>
      (['Real', 'Imag'] as const).map((part) => runtime.run(part, { input: input(call, name) })) as [
        TensorInfo,
        TensorInfo,
      ]
    const [a, b] = parts('a')
    const [c, d] = parts('b')
    const times = (left: TensorInfo, right: TensorInfo) => callStock(call, { a: left, b: right }, {})
    const combine = (name: 'Add' | 'Sub', left: TensorInfo, right: TensorInfo) => {
      const out = runtime.run(name, { a: left, b: right })
      runtime.dispose(left)
      runtime.dispose(right)
      return out
    }
    const out = join(call, combine('Sub', times(a, c), times(b, d)), combine('Add', times(a, d), times(b, c)))
    for (const part of [a, b, c, d]) runtime.dispose(part)
    return out
  },
}

const onesLike: KernelDefinition = {
  ...byParts('OnesLike'),
  compute(call) {
    const real = onPart(call, 'Real', call.attrs)
    return join(call, real, call.runtime.run('ZerosLike', { x: real }))
  },
}

export const complexByParts: readonly KernelDefinition[] = [...['Neg', 'ZerosLike'].map(byParts), onesLike]
