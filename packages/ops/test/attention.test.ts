import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { type AttentionOptions, attention, attentionBlock, attentionBlockGradients } from '../src/index.js'
import { argument, checkLeaks, checkOp, expectClose, numbers, sizeOf, type Values } from './support.js'

interface Sizes {
  batch: number
  heads: number
  queries: number
  keys: number
  size: number
  valueSize: number
}

interface ReferenceOptions {
  causalOffset?: number
  scale?: number
  /** Added to the score of (sample, head, query, key). */
  mask?: (b: number, h: number, i: number, j: number) => number
  /** Factor on the probability. */
  keep?: (b: number, h: number, i: number, j: number) => number
}

/** The textbook's formula, one number at a time. */
function reference(sizes: Sizes, options: ReferenceOptions = {}) {
  const { batch, heads, queries, keys, size, valueSize } = sizes
  const { causalOffset = Infinity, scale = 1 / Math.sqrt(size), mask = () => 0, keep = () => 1 } = options
  return (q: Values, k: Values, v: Values): Values => {
    const y = new Array<number>(batch * queries * heads * valueSize).fill(0)
    const at = (x: Values, b: number, p: number, h: number, positions: number, width: number, c: number): number =>
      x[((b * positions + p) * heads + h) * width + c] as number
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++)
        for (let i = 0; i < queries; i++) {
          const scores = Array.from({ length: keys }, (_, j) => {
            if (j > i + causalOffset) return -Infinity
            let dot = 0
            for (let c = 0; c < size; c++) dot += at(q, b, i, h, queries, size, c) * at(k, b, j, h, keys, size, c)
            return dot * scale + mask(b, h, i, j)
          })
          const highest = Math.max(...scores)
          if (highest === -Infinity) continue
          const weights = scores.map((score) => Math.exp(score - highest))
          const total = weights.reduce((sum, weight) => sum + weight, 0)
          for (let c = 0; c < valueSize; c++) {
            let sum = 0
            for (let j = 0; j < keys; j++)
              sum += ((weights[j] as number) / total) * keep(b, h, i, j) * at(v, b, j, h, keys, valueSize, c)
            y[((b * queries + i) * heads + h) * valueSize + c] = sum
          }
        }
    return y
  }
}

const sizes = (changes: Partial<Sizes> = {}): Sizes => ({
  batch: 2,
  heads: 2,
  queries: 3,
  keys: 5,
  size: 3,
  valueSize: 2,
  ...changes,
})

function checkAttention(dims: Sizes, options: () => Partial<AttentionOptions>, expected: ReferenceOptions = {}): void {
  const { batch, heads, queries, keys, size, valueSize } = dims
  checkOp({
    inputs: [
      argument([batch, queries, heads * size], 1),
      argument([batch, keys, heads * size], 2),
      argument([batch, keys, heads * valueSize], 3),
    ],
    op: (q, k, v) => attention(q as tf.Tensor, k as tf.Tensor, v as tf.Tensor, { heads, ...options() }),
    reference: (q, k, v) => reference(dims, expected)(q as Values, k as Values, v as Values),
  })
}

describe('attention', () => {
  checkLeaks()

  it.each([
    sizes(),
    sizes({ heads: 1 }),
    sizes({ batch: 1, heads: 3, queries: 1, keys: 1, size: 1, valueSize: 1 }),
    sizes({ queries: 4, keys: 4, valueSize: 3 }),
  ])('gives the textbook values and gradients for %o', (dims) => {
    checkAttention(dims, () => ({}))
  })

  it('takes another scale', () => {
    checkAttention(sizes(), () => ({ scale: 0.3 }), { scale: 0.3 })
  })

  it.each([0, 2, -1, -3])(
    'hides what comes later, with queries %i positions ahead; rows without keys are zero',
    (by) => {
      checkAttention(sizes(), () => ({ causal: true, causalOffset: by }), { causalOffset: by })
    },
  )

  it.each([
    [2, 1, 1, 5],
    [1, 2, 3, 5],
    [2, 2, 3, 5],
    [1, 1, 3, 5],
  ])('adds a mask of shape [%i, %i, %i, %i] to the scores', (...shape) => {
    const values = numbers(sizeOf(shape), 7).map((value, index) => (index % 4 === 1 ? -Infinity : value))
    const place = (b: number, h: number, i: number, j: number) => {
      const [at0, at1, at2] = [b, h, i].map((at, axis) => (shape[axis] === 1 ? 0 : at)) as [number, number, number]
      return values[((at0 * (shape[1] as number) + at1) * (shape[2] as number) + at2) * 5 + j] as number
    }
    checkAttention(sizes(), () => ({ mask: tf.tensor(values, shape) }), { mask: place })
    checkAttention(sizes(), () => ({ mask: tf.tensor(values, shape), causal: true }), { mask: place, causalOffset: 0 })
  })

  it('gives zeros, and no gradients, where a sample is padding throughout', () => {
    const mask = () => tf.tensor([-Infinity, -Infinity, -Infinity, -Infinity, -Infinity, 0, 0, 0, 0, 0], [2, 1, 1, 5])
    checkAttention(sizes(), () => ({ mask: mask() }), { mask: (b) => (b === 0 ? -Infinity : 0) })
  })

  it.each([0.3, 1])('drops probabilities at rate %f, in backward the same ones', (rate) => {
    const dims = sizes()
    const shape = [2, 2, 3, 5]
    const uniforms = numbers(60, 11, 0, 1)
    const keep = (b: number, h: number, i: number, j: number) =>
      rate < 1 && (uniforms[((b * 2 + h) * 3 + i) * 5 + j] as number) >= rate ? 1 / (1 - rate) : 0
    const draw = () => tf.tensor(uniforms, shape)
    checkAttention(dims, () => ({ dropout: { rate, key: [1, 2], draw } }), { keep })
  })

  it('gives the same where heads and samples are too many to be scored at once', () => {
    tf.tidy(() => {
      const [batch, heads, positions] = [2, 3, 700]
      const tensor = (seed: number) => tf.tensor(numbers(batch * positions * heads, seed), [batch, positions, heads])
      const [q, k, v, dy] = [1, 2, 3, 4].map(tensor) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
      const run = (all: tf.Tensor[], h: number, upstream: tf.Tensor) => {
        const f = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor) => attention(q, k, v, { heads: h })
        const { value, grads } = tf.valueAndGrads(f as (...xs: tf.Tensor[]) => tf.Tensor)(all, upstream)
        return [value, ...grads]
      }
      const whole = run([q, k, v], heads, dy)
      // One sample and head by itself.
      const alone = (x: tf.Tensor) => tf.slice(x, [1, 0, 2], [1, positions, 1])
      const single = run([q, k, v].map(alone), 1, alone(dy))
      whole.forEach((x, index) => {
        expectClose(alone(x).dataSync(), single[index]?.dataSync() ?? [], 1e-5, `${index}`)
      })
    })
  })

  it('is empty for no samples, and zero for no keys', () => {
    tf.tidy(() => {
      const run = (batch: number, keys: number) => {
        const f = (q: tf.Tensor, k: tf.Tensor) => attention(q, k, tf.ones([batch, keys, 4]), { heads: 2 })
        const inputs = [tf.ones([batch, 3, 6]), tf.ones([batch, keys, 6])]
        const { value, grads } = tf.valueAndGrads(f as (...xs: tf.Tensor[]) => tf.Tensor)(
          inputs,
          tf.ones([batch, 3, 4]),
        )
        return [value, ...grads]
      }
      expect(run(0, 5).map(({ shape }) => shape)).toEqual([
        [0, 3, 4],
        [0, 3, 6],
        [0, 5, 6],
      ])
      for (const x of run(2, 0)) expect([...new Set(x.dataSync())].filter((value) => value !== 0)).toEqual([])
    })
  })

  it('says what does not fit', () => {
    tf.tidy(() => {
      const x = tf.ones([2, 3, 6])
      expect(() => attention(x, x, x, { heads: 4 })).toThrow(/`heads` must be a whole number that divides.*is 4/)
      expect(() => attention(x, tf.ones([2, 3, 4]), x, { heads: 2 })).toThrow(/`key` must have shape \[2, 3, 6\]/)
      expect(() => attention(x, x, tf.ones([2, 4, 6]), { heads: 2 })).toThrow(/`value` must have shape \[2, 3, 6\]/)
      expect(() => attention(x, tf.ones([1, 3, 6]), x, { heads: 2 })).toThrow(/`key` must have the batch of `query`/)
      expect(() => attention(tf.ones([2, 6]), x, x, { heads: 2 })).toThrow(/\[batch, positions, features\]/)
      expect(() => attention(x, x, x, { heads: 2, mask: tf.ones([3, 3]) })).toThrow(/`mask` must have shape \[2, 2/)
      expect(() => attention(x, x, x, { heads: 2, scale: Number.NaN })).toThrow(/`scale`/)
      expect(() => attention(x, x, x, { heads: 2, causal: true, causalOffset: 0.5 })).toThrow(/`causalOffset`/)
    })
  })
})

describe('attentionBlock', () => {
  checkLeaks()

  it.each([undefined, 0.4])(
    'of some keys, put together with the block of the others, is the whole, with dropout %s',
    (rate) => {
      tf.tidy(() => {
        const [queries, keys, first] = [4, 7, 3]
        const make = (positions: number, seed: number) => tf.tensor(numbers(2 * positions * 4, seed), [2, positions, 4])
        const [q, k, v, dy] = [make(queries, 1), make(keys, 2), make(keys, 3), make(queries, 4)] as const
        const uniforms = tf.tensor(numbers(2 * 2 * queries * keys, 5, 0, 1), [2, 2, queries, keys])
        const dropoutFrom = (start: number, count: number) =>
          rate === undefined
            ? undefined
            : { rate, key: [1, 2] as const, draw: () => tf.slice(uniforms, [0, 0, 0, start], [2, 2, queries, count]) }
        const options = { heads: 2, causal: true, causalOffset: 1 }
        const blocks = [
          { start: 0, count: first },
          { start: first, count: keys - first },
        ].map(({ start, count }) => ({
          key: tf.slice(k, [0, start, 0], [2, count, 4]),
          value: tf.slice(v, [0, start, 0], [2, count, 4]),
          options: { ...options, causalOffset: 1 - start, dropout: dropoutFrom(start, count) },
        }))
        const f = (...xs: tf.Tensor[]) =>
          attention(...(xs as [tf.Tensor, tf.Tensor, tf.Tensor]), { ...options, dropout: dropoutFrom(0, keys) })
        const { value: y, grads } = tf.valueAndGrads(f)([q, k, v], dy)

        const parts = blocks.map(({ key, value, options }) => attentionBlock(q, key, value, options))
        // The second block shows nothing to the first query: `+Infinity` stands for a sum of nothing.
        expect(parts[1]?.logSumExp.dataSync()[0]).toBe(Infinity)
        const sums = parts.map(({ logSumExp }) =>
          tf.exp(tf.where(tf.equal(logSumExp, Infinity), tf.scalar(-Infinity), logSumExp)),
        )
        const total = tf.addN(sums)
        const perRow = (x: tf.Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1]), [2, queries, 2, 1])
        const weighted = parts.map((part, i) =>
          tf.mul(tf.reshape(part.y, [2, queries, 2, 2]), perRow(tf.div(sums[i] as tf.Tensor, total))),
        )
        expectClose(tf.addN(weighted).dataSync(), y.dataSync(), 1e-5, 'y')

        const whole = { y, dy, logSumExp: tf.log(total) }
        const gradients = blocks.map(({ key, value, options }) =>
          attentionBlockGradients(q, key, value, whole, options),
        )
        const of = (i: number) => gradients.map((each) => each[i] as tf.Tensor)
        const found = [tf.addN(of(0)), tf.concat(of(1), 1), tf.concat(of(2), 1)]
        for (const [i, gradient] of found.entries()) {
          expectClose(gradient.dataSync(), (grads[i] as tf.Tensor).dataSync(), 1e-5, `gradient ${i}`)
        }
      })
    },
  )
})
