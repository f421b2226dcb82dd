import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { type Reduction, softmaxCrossEntropy } from '../src/index.js'
import { argument, checkLeaks, checkOp, numbers, type Values } from './support.js'

interface ReferenceOptions {
  classes: number
  labelSmoothing?: number
  ignoreIndex?: number
  reduction?: Reduction
  weight?: Values | undefined
}

const rowsOf = (values: Values, classes: number): Values[] =>
  Array.from({ length: values.length / classes }, (_, row) => values.slice(row * classes, (row + 1) * classes))

function logSoftmax(row: Values): Values {
  const max = Math.max(...row)
  const logSum = max + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - max), 0))
  return row.map((logit) => logit - logSum)
}

const sum = (values: Values): number => values.reduce((total, value) => total + value, 0)

/** PyTorch's definition, written from its documentation. */
function sparseReference(logits: Values, labels: Values, options: ReferenceOptions): Values {
  const { classes, labelSmoothing = 0, ignoreIndex = -100, reduction = 'mean' } = options
  const weight = options.weight ?? new Array<number>(classes).fill(1)
  const losses = rowsOf(logits, classes).map((row, index) => {
    const label = labels[index] as number
    if (label === ignoreIndex) return 0
    const logs = logSoftmax(row)
    const hard = -(weight[label] as number) * (logs[label] as number)
    const smooth = -sum(logs.map((log, c) => log * (weight[c] as number)))
    return (1 - labelSmoothing) * hard + (labelSmoothing / classes) * smooth
  })
  if (reduction === 'none') return losses
  const total = sum(labels.map((label) => (label === ignoreIndex ? 0 : (weight[label] as number))))
  return [reduction === 'sum' ? sum(losses) : sum(losses) / total]
}

function softReference(logits: Values, targets: Values, options: ReferenceOptions): Values {
  const { classes, labelSmoothing = 0, reduction = 'mean', weight } = options
  const targetRows = rowsOf(targets, classes)
  const losses = rowsOf(logits, classes).map((row, index) => {
    const logs = logSoftmax(row)
    return -sum(
      logs.map((log, c) => {
        const target = (targetRows[index]?.[c] as number) * (1 - labelSmoothing) + labelSmoothing / classes
        return target * log * (weight?.[c] ?? 1)
      }),
    )
  })
  if (reduction === 'none') return losses
  return [reduction === 'sum' ? sum(losses) : sum(losses) / losses.length]
}

const reductions: Reduction[] = ['mean', 'sum', 'none']
const smoothings = [0, 0.1]
const weights = [undefined, [0.5, 2, 1, 0.25]]
const variants = reductions.flatMap((reduction) =>
  smoothings.flatMap((labelSmoothing) => weights.map((weight) => ({ reduction, labelSmoothing, weight }))),
)

describe('softmaxCrossEntropy with class indices', () => {
  checkLeaks()

  it.each(variants)('matches the definition: $reduction, smoothing $labelSmoothing, weights $weight', (variant) => {
    const labels = [0, 3, 1, -100, 2, 2]
    checkOp({
      inputs: [argument([2, 3, 4], 5, -3, 3)],
      op: (logits) =>
        softmaxCrossEntropy(logits as tf.Tensor, tf.tensor2d(labels, [2, 3], 'int32'), {
          ...variant,
          weight: variant.weight && tf.tensor1d(variant.weight),
        }),
      reference: (logits) => sparseReference(logits as Values, labels, { classes: 4, ...variant }),
    })
  })

  it.each([
    { shape: [4], labels: [2] },
    { shape: [1, 1], labels: [0] },
    { shape: [3, 2], labels: [1, 0, 1] },
    { shape: [1, 2, 1, 3], labels: [1, 2] },
  ])('takes logits of shape $shape', ({ shape, labels }) => {
    checkOp({
      inputs: [argument(shape, 6)],
      op: (logits) =>
        softmaxCrossEntropy(logits as tf.Tensor, tf.tensor(labels, shape.slice(0, -1), 'int32'), { reduction: 'sum' }),
      reference: (logits) =>
        sparseReference(logits as Values, labels, { classes: shape[shape.length - 1] as number, reduction: 'sum' }),
    })
  })

  it('takes a batch without rows: the sum is 0, the gradient empty', () => {
    tf.tidy(() => {
      const loss = (logits: tf.Tensor) =>
        softmaxCrossEntropy(logits, tf.tensor1d([], 'int32'), { reduction: 'sum', labelSmoothing: 0.1 })
      const { value, grad } = tf.valueAndGrad(loss)(tf.zeros([0, 3]))
      expect([...value.dataSync()]).toEqual([0])
      expect(grad.shape).toEqual([0, 3])
    })
  })

  it('ignores another index when told, 0 included', () => {
    const labels = [0, 1, 2, 0]
    checkOp({
      inputs: [argument([4, 3], 7)],
      op: (logits) => softmaxCrossEntropy(logits as tf.Tensor, tf.tensor1d(labels, 'int32'), { ignoreIndex: 0 }),
      reference: (logits) => sparseReference(logits as Values, labels, { classes: 3, ignoreIndex: 0 }),
    })
  })

  it('gives a NaN mean but zero gradients when every row is ignored, as PyTorch does', () => {
    tf.tidy(() => {
      const loss = (logits: tf.Tensor) => softmaxCrossEntropy(logits, tf.tensor1d([-100, -100], 'int32'))
      const { value, grad } = tf.valueAndGrad(loss)(tf.ones([2, 3]))
      expect(value.dataSync()[0]).toBeNaN()
      expect([...grad.dataSync()]).toEqual([0, 0, 0, 0, 0, 0])
    })
  })

  it.each([-1, 3, 1000])('turns a label %i that is no class into NaN, and leaves the other rows alone', (label) => {
    tf.tidy(() => {
      const loss = (logits: tf.Tensor) =>
        softmaxCrossEntropy(logits, tf.tensor1d([1, label], 'int32'), { reduction: 'none' })
      const { value, grad } = tf.valueAndGrad(loss)(tf.zeros([2, 3]))
      expect([...value.dataSync()].map(Number.isNaN)).toEqual([false, true])
      expect([...grad.dataSync()].map(Number.isNaN)).toEqual([false, false, false, true, true, true])
    })
  })

  it('stays finite for huge logits and for classes masked by minus infinity', () => {
    tf.tidy(() => {
      const loss = (logits: tf.Tensor) => softmaxCrossEntropy(logits, tf.tensor1d([0, 1], 'int32'))
      const logits = tf.tensor2d([1e4, -1e4, 0, 0.5, 0, Number.NEGATIVE_INFINITY], [2, 3])
      const { value, grad } = tf.valueAndGrad(loss)(logits)
      expect(value.dataSync()[0]).toBeCloseTo(Math.log(1 + Math.exp(0.5)) / 2, 5)
      expect([...grad.dataSync()].every(Number.isFinite)).toBe(true)
      expect(grad.dataSync()[5]).toBe(0)
    })
  })

  it('gives an ignored row no loss and no gradient, whatever it holds', () => {
    tf.tidy(() => {
      const loss = (logits: tf.Tensor) => softmaxCrossEntropy(logits, tf.tensor1d([-100, 1], 'int32'))
      const { value, grad } = tf.valueAndGrad(loss)(tf.tensor2d([Number.NaN, Number.POSITIVE_INFINITY, 0, 0], [2, 2]))
      expect(value.dataSync()[0]).toBeCloseTo(Math.LN2, 6)
      expect([...grad.dataSync()]).toEqual([0, 0, 0.5, -0.5])
    })
  })

  it('keeps no probabilities: logits, labels and two small tensors', () => {
    tf.tidy(() => {
      const logits = tf.ones([64, 32])
      const labels = tf.zeros([64], 'int32')
      let kept = 0
      tf.grad((x: tf.Tensor) => {
        const before = tf.memory().numBytes
        const loss = softmaxCrossEntropy(x, labels)
        // Clones of logits and labels count as bytes but share their data.
        kept = tf.memory().numBytes - before - x.size * 4 - labels.size * 4
        return loss
      })(logits)
      expect(kept).toBeLessThanOrEqual(64 * 4 + 2 * 4)
    })
  })
})

describe('softmaxCrossEntropy with probabilities', () => {
  checkLeaks()

  it.each(variants)('matches the definition: $reduction, smoothing $labelSmoothing, weights $weight', (variant) => {
    checkOp({
      inputs: [argument([2, 3, 4], 8), argument([2, 3, 4], 9, 0, 1)],
      op: (logits, targets) =>
        softmaxCrossEntropy(logits as tf.Tensor, targets as tf.Tensor, {
          ...variant,
          weight: variant.weight && tf.tensor1d(variant.weight),
        }),
      reference: (logits, targets) => softReference(logits as Values, targets as Values, { classes: 4, ...variant }),
    })
  })

  it('agrees with class indices when the probabilities are one-hot', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d(numbers(12, 3), [3, 4])
      const labels = tf.tensor1d([3, 0, 2], 'int32')
      const hot = tf.cast(tf.oneHot(labels, 4), 'float32')
      const sparse = softmaxCrossEntropy(logits, labels, { labelSmoothing: 0.2 }).dataSync()[0] as number
      expect(softmaxCrossEntropy(logits, hot, { labelSmoothing: 0.2 }).dataSync()[0]).toBeCloseTo(sparse, 5)
    })
  })
})

describe('softmaxCrossEntropy given something else', () => {
  checkLeaks()

  it('says what it expected and what to do', () => {
    tf.tidy(() => {
      const logits = tf.ones([4, 3])
      expect(() => softmaxCrossEntropy(logits, tf.tensor1d([0, 1, 2, 0]))).toThrow(/`targets` must be int32.*toInt/)
      expect(() => softmaxCrossEntropy(logits, tf.tensor1d([0, 1], 'int32'))).toThrow(/\[4\] int32.*\[4, 3\].*\[2\]/)
      expect(() => softmaxCrossEntropy(logits, tf.zeros([4], 'int32'), { weight: tf.ones([4]) })).toThrow(/`weight`/)
      expect(() => softmaxCrossEntropy(logits, tf.zeros([4], 'int32'), { labelSmoothing: 2 })).toThrow(/labelSmoothing/)
      expect(() => softmaxCrossEntropy(logits, tf.zeros([4], 'int32'), { reduction: 'max' as 'sum' })).toThrow(
        /`reduction` must be 'mean', 'sum' or 'none', but is 'max'/,
      )
    })
  })
})
