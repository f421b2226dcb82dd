import { fillUniform } from '@levin/core'
import { attention } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { expectClose, type HostTensor, random, upload } from './support.js'

// tfjs's own check for leaks takes what a tape keeps for one.
tf.env().set('IS_TEST', false)

interface Case {
  readonly batch: number
  readonly heads: number
  readonly queries: number
  readonly keys: number
  readonly size: number
  readonly valueSize: number
  readonly causalOffset?: number
  readonly mask?: readonly number[]
  readonly rate?: number
  readonly layout?: { readonly globalShape: readonly number[]; readonly start: readonly number[] }
}

const small = { batch: 2, heads: 3, queries: 5, keys: 7, size: 4, valueSize: 3 }
const cases: Case[] = [
  small,
  { ...small, causalOffset: 0 },
  { ...small, causalOffset: 2 },
  { ...small, causalOffset: -2 },
  { ...small, causalOffset: -100 },
  { ...small, causalOffset: 2 ** 40 },
  { ...small, mask: [1, 1, 1, 7] },
  { ...small, mask: [2, 1, 5, 7], causalOffset: 3 },
  { ...small, mask: [1, 3, 1, 7] },
  { ...small, mask: [2, 3, 5, 7] },
  { ...small, rate: 0.4 },
  { ...small, rate: 0.4, causalOffset: 1, layout: { globalShape: [9, 6, 8, 10], start: [3, 2, 1, 2] } },
  { batch: 1, heads: 1, queries: 1, keys: 1, size: 1, valueSize: 1 },
  { batch: 1, heads: 2, queries: 150, keys: 131, size: 17, valueSize: 9, causalOffset: 4, rate: 0.2 },
  { batch: 3, heads: 2, queries: 65, keys: 200, size: 32, valueSize: 32 },
  { batch: 0, heads: 2, queries: 3, keys: 4, size: 2, valueSize: 2 },
  { batch: 2, heads: 2, queries: 3, keys: 0, size: 2, valueSize: 2 },
]

/** A mask that hides some keys, and one query's all where it tells queries apart. */
function maskOf(shape: readonly number[]): HostTensor {
  const mask = random(shape, 9)
  const keys = shape[3] as number
  for (let i = 0; i < mask.values.length; i++) {
    if (i % 5 === 2 || (shape[2] !== 1 && i < keys)) mask.values[i] = Number.NEGATIVE_INFINITY
  }
  return mask
}

/** The result and all gradients: by the kernels on wasm, composed on the JavaScript backend. */
async function run(of: Case, backend: 'wasm' | 'cpu'): Promise<HostTensor[]> {
  const { batch, heads, queries, keys, size, valueSize, causalOffset, rate, layout } = of
  await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const results = tf.tidy(() => {
    const shape = [batch, heads, queries, keys]
    const draw = () => {
      const uniforms = new Float32Array(batch * heads * queries * keys)
      fillUniform(uniforms, [5, 6], layout && { ...layout, shape })
      return tf.tensor(uniforms, shape)
    }
    const options = {
      heads,
      ...(causalOffset === undefined ? {} : { causal: true, causalOffset }),
      ...(of.mask === undefined ? {} : { mask: upload(maskOf(of.mask)) }),
      ...(rate === undefined
        ? {}
        : { dropout: { rate, key: [5, 6] as [number, number], draw, ...(layout && { layout }) } }),
    }
    const inputs = [
      random([batch, queries, heads * size], 1),
      random([batch, keys, heads * size], 2),
      random([batch, keys, heads * valueSize], 3),
    ].map((tensor) => upload(tensor))
    const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, options)
    const dy = upload(random([batch, queries, heads * valueSize], 4))
    const { value, grads } = tf.valueAndGrads(f as (...xs: tf.Tensor[]) => tf.Tensor)(inputs, dy)
    return [value, ...grads].map((tensor) => ({ shape: tensor.shape, values: tensor.dataSync() as Float32Array }))
  })
  expect(tf.memory().numTensors).toBe(before)
  await tf.setBackend('wasm')
  return results
}

describe('LevinAttention and its gradients', () => {
  it.each(cases)('are those of the composed op on the JavaScript backend: %j', async (of) => {
    const found = await run(of, 'wasm')
    const wanted = await run(of, 'cpu')
    for (const [index, tensor] of found.entries()) expectClose(tensor, wanted[index] as HostTensor)
  })
})
