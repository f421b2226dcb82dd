import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { disposeAll, record } from '../src/engine.js'
import { engineSnapshot, gradientsOf, normal, refusal } from './engine-fixture.js'

let w1: tf.Variable<tf.Rank.R2>
let w2: tf.Variable<tf.Rank.R2>
let unused: tf.Variable
let a: tf.Tensor2D
let b: tf.Tensor2D
let before: ReturnType<typeof engineSnapshot>

const forward = (x: tf.Tensor2D) => tf.matMul(tf.relu(tf.matMul(x, w1)), w2)
const loss = (x: tf.Tensor2D) => tf.mean(tf.square(forward(x)))
const dispose = (_source: tf.Tensor, gradient: tf.Tensor) => gradient.dispose()

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  tf.tidy(() => {
    w1 = tf.variable(normal<tf.Rank.R2>([8, 16], 1))
    w2 = tf.variable(normal<tf.Rank.R2>([16, 4], 2))
    unused = tf.variable(normal([3], 5))
  })
  a = normal<tf.Rank.R2>([5, 8], 3)
  b = normal<tf.Rank.R2>([5, 8], 4)
  before = engineSnapshot()
})

// Every test of this file must leave the engine as it found it.
afterEach(() => {
  expect(engineSnapshot()).toEqual(before)
  disposeAll([w1, w2, unused, a, b])
})

describe('failures leak nothing and leave the engine as it was', () => {
  test('an async function is refused, and its own later failure goes nowhere', async () => {
    const error = refusal('LEVIN_ASYNC_STEP', () =>
      record(async () => {
        const y = tf.square(w1)
        await null
        return tf.sum(y)
      }, [w1]),
    )
    expect(error.message).toMatch(/Remove `async`/)
    await new Promise((resolve) => setTimeout(resolve))
  })

  test('a function that throws, also inside tf.tidy, inside tf.grad and after a customGrad has saved', () => {
    const boom = (): never => {
      throw new Error('boom')
    }
    expect(() => record(() => [loss(a), boom()], [w1])).toThrow('boom')
    expect(() => record(() => tf.tidy(() => [loss(a), boom()]), [w1])).toThrow('boom')
    expect(() => record(() => tf.grad((x: tf.Tensor) => tf.add(tf.exp(x), boom()))(w1), [w1])).toThrow('boom')
    const saves = tf.customGrad((...operands) => {
      const save = operands[1] as tf.GradSaveFunc
      save([operands[0] as tf.Tensor])
      return boom()
    })
    expect(() => record(() => saves(w1), [w1])).toThrow('boom')
    const unbalanced = () => {
      tf.engine().startScope()
      return [tf.square(w1), boom()]
    }
    expect(() => record(unbalanced, [w1])).toThrow('boom')
  })

  test('a gradient function that throws, or that gives the wrong shape', () => {
    const custom = (gradient: (dy: tf.Tensor) => tf.Tensor) =>
      tf.customGrad((x) => ({ value: tf.square(x as tf.Tensor), gradFunc: gradient }))
    const failing = custom(() => {
      tf.square(w2)
      throw new Error('boom')
    })
    const tape = record(() => tf.sum(tf.exp(failing(tf.exp(w1)))), [w1])
    expect(() => tape.backward(undefined, dispose)).toThrow('boom')
    expect(tape.outputs.isDisposed).toBe(true)
    const wrong = custom((dy) => tf.sum(dy))
    const other = record(() => tf.sum(wrong(w1)), [w1])
    const error = refusal('LEVIN_SHAPE', () => other.backward(undefined, dispose))
    expect(error.message).toMatch(/\[8, 16\].*found a float32 tensor of shape \[\]/)
  })

  test('a callback that throws, with gradients delivered before and after', () => {
    const tape = record(() => loss(a), [w1, w2])
    let calls = 0
    const run = () =>
      tape.backward(undefined, () => {
        calls++
        throw new Error('boom')
      })
    expect(run).toThrow('boom')
    expect(calls).toBe(1)
    refusal('LEVIN_TAPE', () => tape.backward(undefined, dispose))
  })

  test('an operation without a gradient is named, once a gradient arrives there', () => {
    const crop = () => tf.image.cropAndResize(tf.reshape(w1, [1, 8, 16, 1]), [[0, 0, 1, 1]], [0], [4, 4])
    const unharmed = record(() => [tf.sum(w1), crop()], [w1])
    const one = tf.scalar(1)
    unharmed.backward([one, null], dispose)
    unharmed.dispose()
    one.dispose()
    const tape = record(() => tf.sum(crop()), [w1])
    const error = refusal('LEVIN_NOT_SUPPORTED', () => tape.backward(undefined, dispose))
    expect(error.message).toMatch(/CropAndResize has no gradient.*customGrad/)
  })
})

describe('misuse has its own errors', () => {
  test('a second backward, and one after dispose', () => {
    const tape = record(() => loss(a), [w1])
    tape.backward(undefined, dispose)
    expect(refusal('LEVIN_TAPE', () => tape.backward(undefined, dispose)).message).toMatch(/already.*Record/)
    tape.dispose()
    expect(refusal('LEVIN_TAPE', () => tape.backward(undefined, dispose)).message).toMatch(/disposed/)
  })

  test('output gradients of the wrong shape, dtype or number; none where the output is no scalar', () => {
    const tape = record(() => [forward(a), tf.argMax(forward(a), 1)], [w1, w2])
    const wrong = [tf.zeros([5, 3]), tf.zeros([5, 4], 'int32'), tf.zeros([5])] as const
    const backward = (outputGradients?: (tf.Tensor | null)[]) => () => tape.backward(outputGradients, dispose)
    expect(refusal('LEVIN_TAPE', backward()).message).toMatch(/2 tensors/)
    expect(refusal('LEVIN_TAPE', backward([null])).message).toMatch(/2 output gradients.*found 1/)
    expect(refusal('LEVIN_SHAPE', backward([wrong[0], null])).message).toMatch(/\[5, 4\].*\[5, 3\]/)
    expect(refusal('LEVIN_SHAPE', backward([wrong[1], null])).message).toMatch(/int32/)
    expect(refusal('LEVIN_TAPE', backward([null, wrong[2]])).message).toMatch(/int32 tensor of shape \[5\].*null/)
    // None of these has used the tape up.
    const fine = tf.ones([5, 4])
    expect(gradientsOf(tape, [w1, w2], [fine, null]).every((gradient) => gradient !== undefined)).toBe(true)
    tape.dispose()
    disposeAll([wrong, fine])
  })

  test('sources that cannot have gradients', () => {
    const integers = tf.tensor1d([1, 2], 'int32')
    expect(refusal('LEVIN_TAPE', () => record(() => tf.sum(w1), [w1, integers])).message).toMatch(/source 1.*int32/)
    integers.dispose()
    refusal('LEVIN_DISPOSED', () => record(() => tf.sum(w1), [integers]))
  })
})
