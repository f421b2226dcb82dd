import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { disposeAll, engineMemory, recompute, record } from '../src/engine.js'
import { engineSnapshot, gradients, gradientsOf, normal, reference } from './engine-fixture.js'

let weights: tf.Variable<tf.Rank.R2>[]
let x: tf.Tensor2D
let before: ReturnType<typeof engineSnapshot>

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  weights = [1, 2, 3, 4].map((seed) => tf.tidy(() => tf.variable(normal<tf.Rank.R2>([6, 6], seed))))
  x = normal<tf.Rank.R2>([5, 6], 9)
  before = engineSnapshot()
})

afterEach(() => {
  expect(engineSnapshot()).toEqual(before)
  disposeAll([weights, x])
})

/** Several operations with much to save. */
const block = (h: tf.Tensor, w: tf.Variable<tf.Rank.R2>) => {
  const y = tf.tanh(tf.matMul(h as tf.Tensor2D, w))
  return tf.add(h, tf.mul(tf.sigmoid(y), tf.exp(tf.neg(tf.square(y)))))
}
const plain = () => tf.mean(weights.reduce<tf.Tensor>((h, w) => block(h, w), x))
const checkpointed = (onRun?: (replaying: boolean) => void) => () =>
  tf.mean(
    weights.reduce<tf.Tensor>((h, w) => {
      const unit = ([input]: readonly tf.Tensor[], replaying: boolean) => {
        onRun?.(replaying)
        return block(input as tf.Tensor, w)
      }
      return recompute(unit, [h], [w])
    }, x),
  )

test('gradients are equal, with fewer tensors kept between forward and backward', () => {
  const held = (f: () => tf.Tensor) => {
    const tape = record(f, weights)
    const { tensors, buffers } = engineMemory()
    tape.dispose()
    return { tensors: tensors - before.tensors, buffers: buffers - before.buffers }
  }
  expect(gradients(checkpointed(), weights)).toEqual(reference(plain, weights))
  // The input of each block (the first is ours already), the last block's output for the mean is a shape only, the loss.
  expect(held(checkpointed()).buffers).toBe(4)
  expect(held(plain).buffers).toBe(16)
  expect(held(checkpointed()).tensors).toBeLessThan(held(plain).tensors / 4)
})

test('each unit runs twice, the second time in the walk and told so', () => {
  const runs: boolean[] = []
  const tape = record(
    checkpointed((replaying) => runs.push(replaying)),
    weights,
  )
  expect(runs).toEqual([false, false, false, false])
  const seen: number[] = []
  tape.backward(undefined, (_source, gradient, index) => {
    seen.push(index)
    expect(runs.length).toBe(4 + seen.length)
    gradient.dispose()
  })
  expect(seen).toEqual([3, 2, 1, 0])
  expect(runs.slice(4)).toEqual([true, true, true, true])
  tape.dispose()
})

test('works inside itself, inside tf.variableGrads, and outside any recording', () => {
  const [first, second] = weights as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R2>]
  const nested = () =>
    tf.mean(
      recompute(
        ([h]) => recompute(([inner]) => block(inner as tf.Tensor, second), [block(h as tf.Tensor, first)], [second]),
        [x],
        [first, second],
      ),
    )
  const flat = () => tf.mean(block(block(x, first), second))
  expect(gradients(nested, [first, second])).toEqual(reference(flat, [first, second]))
  expect(reference(nested, [first, second])).toEqual(reference(flat, [first, second]))
  const value = tf.tidy(() => nested().dataSync())
  expect(value).toEqual(tf.tidy(() => flat().dataSync()))
})

test('several outputs, integers among them, and inputs that need no gradient', () => {
  const [w] = weights as [tf.Variable<tf.Rank.R2>]
  const both = (run: typeof recompute) => () => {
    const { h, classes, input } = run(
      ([given]) => {
        const h = block(given as tf.Tensor, w)
        return { h, classes: tf.argMax(h, 1), input: given as tf.Tensor }
      },
      [x],
      [w, w],
    )
    return tf.add(tf.sum(tf.gather(h, classes as tf.Tensor1D)), tf.sum(input))
  }
  const direct: typeof recompute = (f, inputs) => f(inputs, false)
  expect(gradients(both(recompute), [w])).toEqual(reference(both(direct), [w]))
})

test('a parameter that is not a source gets no gradient, and a unit without any is a constant', () => {
  const [first, second] = weights as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R2>]
  const unit = () => tf.sum(recompute(([h]) => block(block(h as tf.Tensor, first), second), [x], [first, second]))
  const tape = record(unit, [second])
  expect(gradientsOf(tape, [second])).toEqual(reference(unit, [second]))
  tape.dispose()
  const constant = record(unit, [weights[3] as tf.Variable])
  expect(constant.connected).toEqual([false])
  constant.dispose()
})

test('who gathers around the second run sees it whole, and sources may be found by the first run', () => {
  const [w] = weights as [tf.Variable<tf.Rank.R2>]
  const events: string[] = []
  const found: tf.Tensor[] = []
  const unit = ([h]: readonly tf.Tensor[], replaying: boolean) => {
    events.push(replaying ? 'second run' : 'first run')
    if (!replaying) found.push(w)
    return block(h as tf.Tensor, w)
  }
  const around = (replay: () => void) => {
    events.push('before')
    replay()
    events.push('after')
  }
  const tape = record(() => tf.sum(recompute(unit, [x], found, around)), [w])
  events.push('backward')
  expect(gradientsOf(tape, [w])).toEqual(reference(() => tf.sum(block(x, w)), [w]))
  expect(events).toEqual(['first run', 'backward', 'before', 'second run', 'after'])
  tape.dispose()
})

test('a unit that throws on its second run leaks nothing', () => {
  const [w] = weights as [tf.Variable<tf.Rank.R2>]
  const unit = ([h]: readonly tf.Tensor[], replaying: boolean) => {
    const y = block(h as tf.Tensor, w)
    if (replaying) throw new Error('boom')
    return y
  }
  const tape = record(() => tf.sum(recompute(unit, [x], [w])), [w])
  expect(() => tape.backward(undefined, (_source, gradient) => gradient.dispose())).toThrow('boom')
  expect(() => record(() => recompute(() => unit([x], true), [x], [w]), [w])).toThrow('boom')
})
