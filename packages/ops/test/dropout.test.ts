import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { dropout } from '../src/index.js'
import { checkLeaks, expectClose, numbers } from './support.js'

const uniforms = numbers(12, 5, 0, 1)
const options = (rate: number, draw = () => tf.tensor(uniforms, [3, 4]) as tf.Tensor) => ({
  rate,
  key: [1, 2] as const,
  draw,
})

describe('dropout', () => {
  checkLeaks()

  it.each([0, 0.3, 0.5, 1])('keeps at rate %f what its uniform says, and backward uses the same mask', (rate) => {
    tf.tidy(() => {
      const [x, dy] = [numbers(12, 1), numbers(12, 2)]
      const scaled = (value: number, index: number) =>
        (uniforms[index] as number) >= rate && rate < 1 ? value / (1 - rate) : 0
      let draws = 0
      const op = (x: tf.Tensor) =>
        dropout(
          x,
          options(rate, () => {
            draws++
            return tf.tensor(uniforms, [3, 4])
          }),
        )
      const { value, grad } = tf.valueAndGrad(op)(tf.tensor2d(x, [3, 4]), tf.tensor2d(dy, [3, 4]))
      expectClose(value.dataSync(), x.map(scaled))
      expectClose(grad.dataSync(), dy.map(scaled))
      expect(draws).toBe(1)
    })
  })

  it('gives each of two uses in one tape its own mask', () => {
    tf.tidy(() => {
      const masks = [
        [0, 1, 0],
        [1, 1, 0],
      ]
      let call = 0
      const draw = () => tf.tensor1d(masks[call++] as number[])
      const twice = (x: tf.Tensor) => dropout(dropout(x, options(0.5, draw)), options(0.5, draw))
      const gradient = tf.grad(twice)(tf.tensor1d([1, 1, 1]))
      expect([...gradient.dataSync()]).toEqual([0, 4, 0])
    })
  })

  it('says what does not fit', () => {
    tf.tidy(() => {
      const x = tf.ones([3, 4])
      expect(() => dropout(x, options(1.5))).toThrow(/`rate` must be from 0 to 1, but is 1.5/)
      expect(() =>
        dropout(
          x,
          options(0.5, () => tf.ones([4])),
        ),
      ).toThrow(/`draw\(\)` must have shape \[3, 4\]/)
      expect(() => dropout(x, { ...options(0.5), layout: { globalShape: [3], start: [0] } })).toThrow(/`layout`/)
    })
  })
})
