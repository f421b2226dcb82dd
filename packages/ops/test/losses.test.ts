import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { binaryCrossEntropyWithLogits, huber, mae, mse, type Reduction } from '../src/index.js'
import { argument, checkLeaks, checkOp, type Values } from './support.js'

const reductions: Reduction[] = ['mean', 'sum', 'none']

function reduced(losses: Values, reduction: Reduction): Values {
  if (reduction === 'none') return losses
  const total = losses.reduce((sum, loss) => sum + loss, 0)
  return [reduction === 'sum' ? total : total / losses.length]
}

describe.each([
  ['mse', mse, (e: number) => e * e],
  ['mae', mae, Math.abs],
  [
    'huber',
    (p: tf.Tensor, t: tf.Tensor, o: { reduction: Reduction }) => huber(p, t, { ...o, delta: 0.7 }),
    (e: number) => (Math.abs(e) <= 0.7 ? (e * e) / 2 : 0.7 * (Math.abs(e) - 0.35)),
  ],
] as const)('%s', (_name, op, reference) => {
  checkLeaks()

  it.each(reductions)('has value and both gradients with reduction %s', (reduction) => {
    for (const shape of [[3, 4], [1], [], [2, 1, 3]]) {
      checkOp({
        inputs: [argument(shape, 1), argument(shape, 2)],
        op: (p, t) => op(p as tf.Tensor, t as tf.Tensor, { reduction }),
        reference: (p, t) =>
          reduced(
            (p as Values).map((value, index) => reference(value - (t?.[index] as number))),
            reduction,
          ),
      })
    }
  })

  it('refuses shapes that would broadcast', () => {
    tf.tidy(() => {
      expect(() => op(tf.ones([4]), tf.ones([4, 1]), { reduction: 'mean' })).toThrow(
        /`targets` must have shape \[4\].*\[4, 1\]/,
      )
    })
  })

  it('handles a prediction that is its own target', () => {
    tf.tidy(() => {
      const gradient = tf.grad((x: tf.Tensor) => op(x, x, { reduction: 'sum' }))(tf.tensor1d([1, -2]))
      expect([...gradient.dataSync()].map((value) => value + 0)).toEqual([0, 0])
    })
  })
})

describe('binaryCrossEntropyWithLogits', () => {
  checkLeaks()
  const element = (x: number, t: number, positive: number, weight: number): number => {
    const negativeLogSigmoid = (z: number) => Math.max(-z, 0) + Math.log1p(Math.exp(-Math.abs(z)))
    return weight * (positive * t * negativeLogSigmoid(x) + (1 - t) * negativeLogSigmoid(-x))
  }

  const variants = reductions.flatMap((reduction) => [
    { reduction },
    { reduction, positiveWeight: 3 },
    { reduction, positiveWeight: [0.5, 2, 1] },
    { reduction, positiveWeight: [0.5, 2, 1], weight: [1, 0, 2] },
  ])

  it.each(variants)('matches the definition: %j', ({ reduction, positiveWeight, weight }) => {
    checkOp({
      inputs: [argument([2, 3], 3, -5, 5), argument([2, 3], 4, 0, 1)],
      op: (logits, targets) =>
        binaryCrossEntropyWithLogits(logits as tf.Tensor, targets as tf.Tensor, {
          reduction,
          positiveWeight: Array.isArray(positiveWeight) ? tf.tensor1d(positiveWeight) : positiveWeight,
          weight: weight && tf.tensor1d(weight),
        }),
      reference: (logits, targets) =>
        reduced(
          (logits as Values).map((x, i) => {
            const positive = Array.isArray(positiveWeight) ? positiveWeight[i % 3] : (positiveWeight ?? 1)
            return element(x, targets?.[i] as number, positive as number, weight?.[i % 3] ?? 1)
          }),
          reduction,
        ),
    })
  })

  it('is exact where the naive form overflows or cancels', () => {
    tf.tidy(() => {
      const logits = tf.tensor1d([1000, -1000, 15])
      const losses = (x: tf.Tensor) => binaryCrossEntropyWithLogits(x, tf.tensor1d([0, 1, 1]), { reduction: 'none' })
      const { value, grad } = tf.valueAndGrad(losses)(logits)
      const [first, second, third] = value.dataSync()
      expect([first, second]).toEqual([1000, 1000])
      // Stock wasm computes log1p(x) as log(1 + x).
      const digits = tf.getBackend() === 'wasm' ? 0 : 5
      expect((third as number) / Math.log1p(Math.exp(-15))).toBeCloseTo(1, digits)
      expect([...grad.dataSync()].slice(0, 2)).toEqual([1, -1])
    })
  })

  it('says what does not fit', () => {
    tf.tidy(() => {
      const [x, t] = [tf.ones([2, 3]), tf.ones([2, 3])]
      expect(() => binaryCrossEntropyWithLogits(x, tf.ones([3]))).toThrow(/`targets` must have shape \[2, 3\]/)
      expect(() => binaryCrossEntropyWithLogits(x, t, { weight: tf.ones([2]) })).toThrow(/`weight` must broadcast/)
      expect(() => binaryCrossEntropyWithLogits(x, tf.ones([2, 3], 'int32'))).toThrow(/float32/)
    })
  })
})
