import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, optionalAddress } from '../kernel-definition.js'

/** Causal offsets beyond this see all keys or none; sums with a position stay within 32 bits. */
const FAR = 2 ** 30

/** How far apart the mask's samples, heads and queries lie, in elements; 0 where it has one for all. */
function maskSteps(mask: TensorInfo | undefined): number[] {
  const [samples = 1, heads = 1, queries = 1, keys = 0] = mask?.shape ?? []
  return [samples === 1 ? 0 : heads * queries * keys, heads === 1 ? 0 : queries * keys, queries === 1 ? 0 : keys]
}

interface Sizes {
  readonly batch: number
  readonly heads: number
  readonly queries: number
  readonly keys: number
  readonly size: number
  readonly valueSize: number
}

function sizesOf(call: KernelCall): Sizes {
  const heads = Number(call.attrs['heads'])
  const [batch = 0, queries = 0, width = 0] = input(call, 'query').shape
  const [, keys = 0, valueWidth = 0] = input(call, 'value').shape
  return { batch, heads, queries, keys, size: width / heads, valueSize: valueWidth / heads }
}

/** What both directions take after their tensors, in the order of `assembly/attention.ts`. */
function settings({ attrs, inputs, runtime }: KernelCall, sizes: Sizes): number[] {
  const { batch, heads, queries, keys, size, valueSize } = sizes
  const rate = Number(attrs['dropoutRate'])
  const whole = attrs['globalShape'] as number[]
  const start = attrs['start'] as number[]
  return [
    batch,
    heads,
    queries,
    keys,
    size,
    valueSize,
    Number(attrs['scale']),
    Number(attrs['causal'] === true),
    Math.max(-FAR, Math.min(FAR, Number(attrs['causalOffset']))),
    ...maskSteps(inputs['mask']),
    rate,
    1 / (1 - rate),
    Number(attrs['key0']),
    Number(attrs['key1']),
    ...[1, 2, 3].map((axis) => whole[axis] ?? 1),
    ...[0, 1, 2, 3].map((axis) => start[axis] ?? 0),
    runtime.workspace(runtime.wasm.attentionWorkspace(queries, keys, size, valueSize)),
  ]
}

const attention: KernelDefinition = {
  name: 'LevinAttention',
  gain: 'new: attention of many heads, of whose scores 64 rows exist at a time',
  compute(call) {
    const { runtime } = call
    const sizes = sizesOf(call)
    const { batch, heads, queries, valueSize } = sizes
    const y = runtime.output([batch, queries, heads * valueSize], 'float32')
    const logSumExp = runtime.output([batch, heads, queries], 'float32')
    const rest = settings(call, sizes)
    runtime.wasm.attention(
      runtime.address(input(call, 'query')),
      runtime.address(input(call, 'key')),
      runtime.address(input(call, 'value')),
      optionalAddress(call, 'mask'),
      runtime.address(y),
      runtime.address(logSumExp),
      ...rest,
    )
    return [y, logSumExp]
  },
}

const attentionGrad: KernelDefinition = {
  name: 'LevinAttentionGrad',
  gain: 'new: its gradients, from probabilities computed again',
  compute(call) {
    const { runtime } = call
    const [query, key, value] = [input(call, 'query'), input(call, 'key'), input(call, 'value')]
    const gradients = [query, key, value].map(({ shape }) => runtime.output(shape, 'float32'))
    const rest = settings(call, sizesOf(call))
    runtime.wasm.attentionGradient(
      runtime.address(query),
      runtime.address(key),
      runtime.address(value),
      optionalAddress(call, 'mask'),
      runtime.address(input(call, 'dy')),
      runtime.address(input(call, 'y')),
      runtime.address(input(call, 'logSumExp')),
      ...gradients.map((gradient) => runtime.address(gradient)),
      ...rest,
    )
    return gradients
  },
}

export const attentions: readonly KernelDefinition[] = [attention, attentionGrad]
