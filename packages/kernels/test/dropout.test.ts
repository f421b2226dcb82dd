import { fillUniform, type RandomKey } from '@levin/core'
import { dropout } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { random, upload } from './support.js'

const key: RandomKey = [0xdeadbeef, 0x12345678]

interface Layout {
  readonly globalShape: readonly number[]
  readonly start: readonly number[]
}

/** The kernel's elements that stay, beside those that the host's generator keeps; and their values. */
function masks(shape: number[], rate: number, layout?: Layout) {
  const x = random(shape, 3)
  const found = tf.tidy(() => {
    const options = { rate, key, draw: () => tf.zeros(shape), ...(layout === undefined ? {} : { layout }) }
    return [...dropout(upload(x), options).dataSync()]
  })
  const uniforms = new Float32Array(x.values.length)
  fillUniform(uniforms, key, layout && { ...layout, shape })
  const scale = Math.fround(1 / (1 - rate))
  const wanted = [...x.values].map((value, index) =>
    (uniforms[index] as number) >= Math.fround(rate) ? Math.fround(value * scale) : 0,
  )
  return { found, wanted }
}

describe('LevinDropout', () => {
  it.each([[[]], [[1]], [[3]], [[4]], [[16]], [[17]], [[5, 7]], [[64, 100]]])(
    'draws the bits of the host for shape %j',
    (shape) => {
      for (const rate of [0, 0.1, 0.5, 0.9]) {
        const { found, wanted } = masks(shape, rate)
        expect(found).toEqual(wanted)
      }
    },
  )

  it.each<[number[], Layout]>([
    [[3, 5], { globalShape: [8, 5], start: [2, 0] }],
    [[3, 5], { globalShape: [8, 9], start: [2, 3] }],
    [[2, 3, 5], { globalShape: [4, 7, 5], start: [1, 2, 0] }],
    [[2, 3, 5], { globalShape: [4, 3, 9], start: [1, 0, 2] }],
    [[2, 5], { globalShape: [2 ** 33, 5], start: [2 ** 32 + 7, 0] }],
    [[2, 5], { globalShape: [2 ** 40, 6], start: [3_000_000_000, 1] }],
  ])('draws those of its place in a larger tensor: %j in %j', (shape, layout) => {
    const { found, wanted } = masks(shape, 0.4, layout)
    expect(found).toEqual(wanted)
  })

  it('needs not know how many samples there are', () => {
    const layout = { globalShape: [Number.POSITIVE_INFINITY, 6], start: [7, 0] }
    expect(masks([2, 6], 0.4, layout).found).toEqual(
      masks([2, 6], 0.4, { globalShape: [100, 6], start: [7, 0] }).wanted,
    )
  })

  it('drops NaN and infinity for good, and keeps those that stay', () => {
    const values = Array.from({ length: 64 }, (_, i) => (i % 2 ? Number.NaN : Number.POSITIVE_INFINITY))
    const uniforms = new Float32Array(64)
    fillUniform(uniforms, key)
    tf.tidy(() => {
      const found = dropout(tf.tensor1d(values), { rate: 0.5, key, draw: () => tf.zeros([64]) }).dataSync()
      expect([...found]).toEqual(values.map((value, index) => ((uniforms[index] as number) >= 0.5 ? value : 0)))
    })
  })

  it('gives backward the same elements, and keeps no mask', () => {
    tf.tidy(() => {
      const options = { rate: 0.3, key, draw: () => tf.zeros([50]) }
      const dropped = (x: tf.Tensor) => dropout(x, options)
      const y = dropped(tf.ones([50]))
      const dx = tf.grad(dropped)(tf.fill([50], 9))
      expect([...dx.dataSync()]).toEqual([...y.dataSync()])
    })
  })
})
