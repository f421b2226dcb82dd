import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { batchNorm, batchNormInference, batchNormStatistics, batchNormWithStatistics, layerNorm } from '../src/index.js'
import { argument, checkLeaks, checkOp, expectClose, numbers, sizeOf, type Values } from './support.js'

const meanOf = (values: Values): number => values.reduce((sum, value) => sum + value, 0) / values.length
const varianceOf = (values: Values): number => {
  const mean = meanOf(values)
  return meanOf(values.map((value) => (value - mean) ** 2))
}

function layerNormReference(size: number, epsilon = 1e-5) {
  return (x: Values, gamma?: Values, beta?: Values): Values =>
    x.map((value, index) => {
      const row = x.slice(Math.floor(index / size) * size, Math.floor(index / size) * size + size)
      const normalised = (value - meanOf(row)) / Math.sqrt(varianceOf(row) + epsilon)
      return normalised * (gamma?.[index % size] ?? 1) + (beta?.[index % size] ?? 0)
    })
}

const column = (x: Values, channels: number, channel: number): Values => x.filter((_, i) => i % channels === channel)

function batchNormReference(channels: number, epsilon = 1e-5) {
  return (x: Values, gamma?: Values, beta?: Values): Values =>
    x.map((value, index) => {
      const channel = index % channels
      const values = column(x, channels, channel)
      const normalised = (value - meanOf(values)) / Math.sqrt(varianceOf(values) + epsilon)
      return normalised * (gamma?.[channel] ?? 1) + (beta?.[channel] ?? 0)
    })
}

describe('layerNorm', () => {
  checkLeaks()

  it.each([
    { shape: [3, 5], axes: 1 },
    { shape: [2, 3, 4], axes: 1 },
    { shape: [2, 3, 4], axes: 2 },
    { shape: [6], axes: 1 },
    { shape: [3, 1], axes: 1 },
    { shape: [0, 4], axes: 1 },
  ])('normalises the last $axes axes of $shape and differentiates by x, gamma and beta', ({ shape, axes }) => {
    const normalised = shape.slice(shape.length - axes)
    checkOp({
      inputs: [argument(shape, 1), argument(normalised, 2), argument(normalised, 3)],
      op: (x, gamma, beta) => layerNorm(x as tf.Tensor, gamma, beta),
      reference: (x, gamma, beta) => layerNormReference(sizeOf(normalised))(x as Values, gamma, beta),
      tolerance: 1e-4,
    })
  })

  it('works with neither, with gamma only and with beta only', () => {
    const x = argument([3, 4], 4)
    const options = { epsilon: 0.1 }
    const reference = layerNormReference(4, 0.1)
    checkOp({
      inputs: [x],
      op: (x) => layerNorm(x as tf.Tensor, undefined, undefined, options),
      reference: (x) => reference(x as Values),
    })
    checkOp({
      inputs: [x, argument([4], 5)],
      op: (x, gamma) => layerNorm(x as tf.Tensor, gamma, undefined, options),
      reference: (x, gamma) => reference(x as Values, gamma),
    })
    checkOp({
      inputs: [x, argument([4], 6)],
      op: (x, beta) => layerNorm(x as tf.Tensor, undefined, beta, options),
      reference: (x, beta) => reference(x as Values, undefined, beta),
    })
  })

  it('says what does not fit', () => {
    tf.tidy(() => {
      expect(() => layerNorm(tf.ones([2, 3]), tf.ones([2]))).toThrow(/`gamma` must have shape \[3\].*\[2\]/)
      expect(() => layerNorm(tf.ones([2, 3]), undefined, undefined, { axes: 3 })).toThrow(/`axes`.*1 to the rank/)
    })
  })
})

describe('batchNorm', () => {
  checkLeaks()

  it.each([{ shape: [5, 3] }, { shape: [2, 3, 2, 4] }, { shape: [4, 1] }, { shape: [1, 2] }])(
    'normalises $shape over all axes but the last and differentiates by x, gamma and beta',
    ({ shape }) => {
      const channels = shape[shape.length - 1] as number
      checkOp({
        inputs: [argument(shape, 1), argument([channels], 2), argument([channels], 3)],
        op: (x, gamma, beta) => batchNorm(x as tf.Tensor, gamma, beta).y,
        reference: (x, gamma, beta) => batchNormReference(channels)(x as Values, gamma, beta),
        tolerance: 1e-4,
      })
    },
  )

  it('works without gamma and beta, and gives mean and biased variance', () => {
    const x = argument([6, 2], 4)
    checkOp({
      inputs: [x],
      op: (x) => batchNorm(x as tf.Tensor, undefined, undefined, { epsilon: 0.1 }).y,
      reference: (x) => batchNormReference(2, 0.1)(x as Values),
    })
    tf.tidy(() => {
      const { mean, variance } = batchNorm(tf.tensor2d(x.values, [6, 2]))
      expectClose(
        mean.dataSync(),
        [0, 1].map((c) => meanOf(column(x.values, 2, c))),
      )
      expectClose(
        variance.dataSync(),
        [0, 1].map((c) => varianceOf(column(x.values, 2, c))),
      )
    })
  })

  it('gives statistics that may be used on the tape and carry no gradient', () => {
    tf.tidy(() => {
      const x = tf.tensor2d(numbers(8, 5), [4, 2])
      const dy = tf.tensor2d(numbers(8, 6), [4, 2])
      const plain = tf.grad((x: tf.Tensor) => batchNorm(x).y)(x, dy)
      const used = tf.grad((x: tf.Tensor) => {
        const { y, mean } = batchNorm(x)
        tf.mul(mean, 0.9)
        return y
      })(x, dy)
      expectClose(used.dataSync(), [...plain.dataSync()], 0)
    })
  })

  it('refuses an input without a batch axis', () => {
    tf.tidy(() => {
      expect(() => batchNorm(tf.ones([3]))).toThrow(/batch axis, but has shape \[3\]/)
    })
  })
})

describe('batch norm in parts', () => {
  checkLeaks()

  it('gives the values and gradients of the whole batch on each half, when statistics and sums are reduced', () => {
    tf.tidy(() => {
      const whole = tf.tensor2d(numbers(12, 7), [6, 2])
      const [gamma, beta] = [tf.tensor1d([0.5, 2]), tf.tensor1d([1, -1])]
      const dy = tf.tensor2d(numbers(12, 8), [6, 2])
      const expected = tf.valueAndGrads((x: tf.Tensor, g: tf.Tensor, b: tf.Tensor) => batchNorm(x, g, b).y)(
        [whole, gamma, beta],
        dy,
      )
      const parts = [0, 4].map((from, part) => ({
        x: tf.slice(whole, [from, 0], [part === 0 ? 4 : 2, 2]),
        dy: tf.slice(dy, [from, 0], [part === 0 ? 4 : 2, 2]),
      }))
      // The reductions that workers would do: here, from the whole batch.
      const statistics = batchNormStatistics(whole)
      const results = parts.map(({ x, dy }) =>
        tf.valueAndGrads((x: tf.Tensor, g: tf.Tensor, b: tf.Tensor) =>
          batchNormWithStatistics(x, statistics, g, b, { reduceGradientSums: () => sumsOf(whole, parts, statistics) }),
        )([x, gamma, beta], dy),
      )
      const joined = (select: (result: (typeof results)[number]) => tf.Tensor) => tf.concat(results.map(select), 0)
      expectClose(joined((result) => result.value).dataSync(), [...expected.value.dataSync()])
      expectClose(joined((result) => result.grads[0] as tf.Tensor).dataSync(), [
        ...(expected.grads[0] as tf.Tensor).dataSync(),
      ])
      for (const index of [1, 2]) {
        const total = tf.add(results[0]?.grads[index] as tf.Tensor, results[1]?.grads[index] as tf.Tensor)
        expectClose(total.dataSync(), [...(expected.grads[index] as tf.Tensor).dataSync()])
      }
    })

    function sumsOf(
      whole: tf.Tensor,
      parts: { dy: tf.Tensor }[],
      { mean, variance }: { mean: tf.Tensor; variance: tf.Tensor },
    ) {
      const dy = tf.concat(
        parts.map((part) => part.dy),
        0,
      )
      const normalised = tf.div(tf.sub(whole, mean), tf.sqrt(tf.add(variance, 1e-5)))
      return { plain: tf.sum(dy, 0), weighted: tf.sum(tf.mul(dy, normalised), 0), count: 6 }
    }
  })

  it('is batchNorm when nothing is reduced', () => {
    checkOp({
      inputs: [argument([5, 3], 1), argument([3], 2), argument([3], 3)],
      op: (x, gamma, beta) => batchNormWithStatistics(x as tf.Tensor, batchNormStatistics(x as tf.Tensor), gamma, beta),
      reference: (x, gamma, beta) => batchNormReference(3)(x as Values, gamma, beta),
      tolerance: 1e-4,
    })
  })
})

describe('batchNormInference', () => {
  checkLeaks()

  it.each([{ shape: [4, 3] }, { shape: [3] }, { shape: [2, 2, 2, 3] }, { shape: [0, 3] }])(
    'normalises $shape by given statistics',
    ({ shape }) => {
      const [mean, variance] = [numbers(3, 11), numbers(3, 12, 0.5, 2)]
      checkOp({
        inputs: [argument(shape, 1), argument([3], 2), argument([3], 3)],
        op: (x, gamma, beta) =>
          batchNormInference(x as tf.Tensor, { mean: tf.tensor1d(mean), variance: tf.tensor1d(variance) }, gamma, beta),
        reference: (x, gamma, beta) =>
          (x as Values).map((value, i) => {
            const c = i % 3
            const deviation = Math.sqrt((variance[c] as number) + 1e-5)
            return ((value - (mean[c] as number)) / deviation) * (gamma?.[c] as number) + (beta?.[c] as number)
          }),
      })
    },
  )

  it('works without gamma and beta', () => {
    checkOp({
      inputs: [argument([4, 2], 1)],
      op: (x) => batchNormInference(x as tf.Tensor, { mean: tf.tensor1d([1, 2]), variance: tf.tensor1d([4, 9]) }),
      reference: (x) => (x as Values).map((v, i) => (v - ((i % 2) + 1)) / Math.sqrt(([4, 9][i % 2] as number) + 1e-5)),
    })
  })
})
