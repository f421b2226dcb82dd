import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { disposeAll, ensureGradients, record } from '../src/engine.js'
import { gradients as generated } from '../src/generated/gradients.js'
import { engineSnapshot, gradients, gradientsOf, normal, numericGradient, reference } from './engine-fixture.js'

type Operation = (x: tf.Tensor) => tf.Tensor

let before: ReturnType<typeof engineSnapshot>
let weight: tf.Variable

/** A scalar with a different weight on every element, so that no mistake of place or sign cancels. */
const weigh = (y: tf.Tensor): tf.Scalar => {
  const factors = tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)
  return tf.sum(tf.mul(y, factors))
}

beforeAll(async () => {
  await tf.setBackend('cpu')
  ensureGradients()
})

beforeEach(() => {
  before = engineSnapshot()
})

afterEach(() => {
  weight?.dispose()
  expect(engineSnapshot()).toEqual(before)
})

function variable(shape: number[], from?: (x: tf.Tensor) => tf.Tensor): tf.Variable {
  weight = tf.tidy(() => {
    const values = normal(shape, 11)
    return tf.variable(from ? from(values) : values)
  })
  return weight
}

const other = (shape: number[], seed = 12): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed)

describe('the walk equals tf.variableGrads', () => {
  const operations: Record<string, [shape: number[], Operation]> = {
    'add, broadcast both ways': [[3, 1, 4], (x) => tf.add(x, other([2, 1, 5, 1]))],
    'sub, broadcast both ways': [[3, 1, 4], (x) => tf.sub(other([2, 1, 5, 1]), x)],
    'mul, broadcast both ways': [[3, 1, 4], (x) => tf.mul(x, tf.exp(tf.mul(x, other([2, 1, 5, 1]))))],
    'div, broadcast both ways': [[3, 1, 4], (x) => tf.div(other([2, 1, 5, 1]), tf.exp(x))],
    'addN of one tensor twice': [[3, 4], (x) => tf.addN([x, tf.exp(x), x])],
    'matMul transposed': [[3, 4], (x) => tf.matMul(x, tf.square(x) as tf.Tensor2D, true, false)],
    conv2d: [[3, 3, 2, 4], (x) => tf.conv2d(other([2, 6, 5, 2]) as tf.Tensor4D, x as tf.Tensor4D, 1, 'same')],
    depthwiseConv2d: [
      [3, 3, 2, 2],
      (x) => tf.depthwiseConv2d(other([2, 6, 5, 2]) as tf.Tensor4D, x as tf.Tensor4D, 1, 'same'),
    ],
    maxPool: [[1, 4, 4, 2], (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')],
    avgPool: [[1, 4, 4, 2], (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid')],
    'gather with repeated rows': [
      [5, 3],
      (x) =>
        tf.gather(
          x,
          tf.tensor2d(
            [
              [0, 2],
              [2, 4],
            ],
            [2, 2],
            'int32',
          ),
        ),
    ],
    'gather along axis 1': [[2, 5, 3], (x) => tf.gather(x, [4, 4, 1], 1)],
    split: [[4, 6], (x) => tf.add(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor]))],
    'split, one part used': [[4, 6], (x) => tf.exp(tf.split(x, [1, 2, 3], 1)[1] as tf.Tensor)],
    unstack: [[3, 4], (x) => tf.mul(...(tf.unstack(x).slice(0, 2) as [tf.Tensor, tf.Tensor]))],
    concat: [[3, 4], (x) => tf.concat([tf.exp(x), x, other([3, 2])], 1)],
    stack: [[3, 4], (x) => tf.stack([x, tf.exp(x)], 1)],
    slice: [[4, 6], (x) => tf.slice(x, [1, 2], [2, -1])],
    pad: [
      [3, 4],
      (x) =>
        tf.pad(x, [
          [1, 0],
          [2, 3],
        ]),
    ],
    mirrorPad: [
      [4, 5],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [0, 0],
          ],
          'reflect',
        ),
    ],
    tile: [[2, 3], (x) => tf.tile(x, [2, 3])],
    transpose: [[2, 3, 4], (x) => tf.transpose(x, [2, 0, 1])],
    'sum of an axis': [[3, 4], (x) => tf.sum(x, 1)],
    'mean of an axis': [[3, 4], (x) => tf.mean(x, 0, true)],
    max: [[3, 4], (x) => tf.max(x, 1)],
    softmax: [[3, 4], (x) => tf.softmax(x)],
    logSoftmax: [[3, 4], (x) => tf.logSoftmax(x)],
    batchNorm: [
      [4],
      (x) =>
        tf.batchNorm(
          other([5, 4]) as tf.Tensor2D,
          other([4]) as tf.Tensor1D,
          tf.ones([4]),
          x as tf.Tensor1D,
          tf.exp(x) as tf.Tensor1D,
        ),
    ],
    'clip, relu6, leaky': [[3, 4], (x) => tf.clipByValue(tf.add(tf.relu6(x), tf.leakyRelu(x)), -0.1, 0.9)],
    'expandDims, squeeze, reshape': [[3, 4], (x) => tf.reshape(tf.squeeze(tf.expandDims(tf.exp(x), 1)), [4, 3])],
    'a fused matMul': [
      [4, 3],
      (x) => tf.fused.matMul({ a: other([2, 4]) as tf.Tensor2D, b: x as tf.Tensor2D, activation: 'relu' }),
    ],
    'a customGrad': [[3, 4], (x) => tf.losses.softmaxCrossEntropy(tf.oneHot([1, 0, 3], 4), x)],
    norm: [[3, 4], (x) => tf.norm(x, 'euclidean', 1)],
    prod: [[3, 4], (x) => tf.prod(tf.add(tf.square(x), 1))],
  }
  test.each(Object.entries(operations))('%s', (_name, [shape, operation]) => {
    const x = variable(shape)
    const f = () => weigh(operation(x))
    expect(gradients(f, [x])).toEqual(reference(f, [x]))
  })
})

describe('gradients that tfjs lacks or has wrong', () => {
  const operations: Record<string, [shape: number[], Operation]> = {
    'einsum, matrix product, left': [[3, 4], (x) => tf.einsum('ij,jk->ik', x, other([4, 5]))],
    'einsum, matrix product, right': [[4, 5], (x) => tf.einsum('ij,jk->ik', other([3, 4]), x)],
    'einsum, both operands': [[3, 3], (x) => tf.einsum('ij,jk->ki', x, tf.exp(x))],
    'einsum, attention scores': [[2, 3, 2, 4], (x) => tf.einsum('bqhd,bkhd->bhqk', x, other([2, 5, 2, 4]))],
    'einsum, batch product': [[2, 3], (x) => tf.einsum('bi,bi->b', x, other([2, 3]))],
    'einsum, outer product': [[3], (x) => tf.einsum('i,j->ij', x, other([4]))],
    'einsum, transposition': [[2, 3], (x) => tf.einsum('ij->ji', x)],
    'einsum, an axis that is summed away': [[2, 3, 4], (x) => tf.einsum('ijk->j', x)],
    'einsum, everything summed': [[2, 3], (x) => tf.einsum('ij,ij->', x, other([2, 3]))],
    cumprod: [[2, 4], (x) => tf.cumprod(x, 1)],
    'cumprod with zeros': [
      [2, 4],
      (x) =>
        tf.cumprod(
          tf.mul(
            x,
            tf.tensor2d([
              [1, 0, 1, 1],
              [0, 1, 0, 1],
            ]),
          ),
          1,
        ),
    ],
    'cumprod, exclusive and reversed, along the first axis': [[4, 3], (x) => tf.cumprod(x, 0, true, true)],
    'cumprod, reversed': [[2, 4], (x) => tf.cumprod(x, 1, false, true)],
    'cumsum along the first axis': [[3, 3], (x) => tf.cumsum(tf.exp(x), 0)],
    'cumsum along a middle axis, exclusive and reversed': [[2, 3, 4], (x) => tf.cumsum(x, 1, true, true)],
    'topk, values': [[3, 6], (x) => tf.exp(tf.topk(x, 3).values)],
    'topk of a vector': [[6], (x) => tf.topk(x, 2).values],
    gatherND: [
      [3, 4],
      (x) =>
        tf.gatherND(
          x,
          tf.tensor2d(
            [
              [0, 1],
              [2, 3],
              [0, 1],
            ],
            [3, 2],
            'int32',
          ),
        ),
    ],
    'gather with one batch dimension': [
      [3, 4, 2],
      (x) =>
        tf.gather(
          x,
          tf.tensor2d(
            [
              [1, 1],
              [0, 3],
              [2, 2],
            ],
            [3, 2],
            'int32',
          ),
          1,
          1,
        ),
    ],
    'gather with one batch dimension along a later axis': [
      [2, 3, 4],
      (x) =>
        tf.gather(
          x,
          tf.tensor2d(
            [
              [1, 1],
              [0, 3],
            ],
            [2, 2],
            'int32',
          ),
          2,
          1,
        ),
    ],
    'where a comparison holds': [[3, 4], (x) => tf.where(tf.greater(x, 0), x, tf.exp(x))],
    'cast of a comparison': [[3, 4], (x) => tf.mul(tf.cast(tf.greater(x, 0), 'float32'), x)],
    'a mask of the maximum': [[3, 4], (x) => tf.mul(tf.oneHot(tf.argMax(x, 1), 4), x)],
    'unstack of a single slice': [[1, 4], (x) => tf.exp(tf.unstack(x)[0] as tf.Tensor)],
    'split into a single part': [[2, 4], (x) => tf.exp(tf.split(x, 1)[0] as tf.Tensor)],
    prod: [[2, 4], (x) => tf.prod(x, 1)],
    'matMul of a batch with one matrix': [[3, 4], (x) => tf.matMul(other([2, 5, 3]), x)],
    'matMul of one matrix with batches of batches': [[3, 4], (x) => tf.matMul(x, other([2, 2, 5, 4]), false, true)],
    'mirrorPad by reflection': [
      [3, 4],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [2, 1],
            [0, 3],
          ],
          'reflect',
        ),
    ],
    'mirrorPad with the edge': [
      [3, 4],
      (x) =>
        tf.mirrorPad(
          x,
          [
            [3, 1],
            [0, 4],
          ],
          'symmetric',
        ),
    ],
    'squaredDifference with a row': [[4], (x) => tf.squaredDifference(other([3, 4]), x)],
    'maximum with a row': [[4], (x) => tf.maximum(other([3, 4]), x)],
    'maximum with a number': [[], (x) => tf.maximum(x, other([3, 4]))],
    'minimum with a column': [[3, 1], (x) => tf.minimum(x, other([3, 4]))],
    'minimum, broadcast both ways': [[3, 1], (x) => tf.minimum(other([2, 1, 4]), x)],
  }
  test.each(Object.entries(operations))('%s', (_name, [shape, operation]) => {
    const x = variable(shape)
    const f = () => weigh(operation(x))
    const [found] = gradients(f, [x]) as [number[]]
    const expected = tf.tidy(() => numericGradient(f, x))
    found.forEach((value, i) => {
      expect(Math.abs(value - (expected[i] as number))).toBeLessThan(5e-3 * (1 + Math.abs(expected[i] as number)))
    })
  })

  test('maximum gives NaN its gradient, and nothing to what was not taken, whatever the gradient is', () => {
    const x = variable([4], () => tf.tensor1d([Number.NaN, 1, 3, 2]))
    const tape = record(() => tf.maximum(x, tf.tensor1d([1, Number.NaN, 2, 4])), [x])
    const seed = tf.tensor1d([5, 6, 7, Number.POSITIVE_INFINITY])
    expect(gradientsOf(tape, [x], [seed])).toEqual([[5, 6, 7, 0]])
    tape.dispose()
    disposeAll(seed)
  })

  test('the indices of topk come out, and take no gradient', () => {
    const x = variable([2, 4])
    const tape = record(() => tf.topk(x, 2), [x])
    const [seed] = [tf.ones([2, 2])]
    expect(gradientsOf(tape, [x], [seed, null])[0]?.filter((value) => value === 1)).toHaveLength(4)
    tape.dispose()
    disposeAll(seed)
  })
})

describe('registration', () => {
  test('every gradient of tfjs is there, whoever registered it', () => {
    expect(generated.length).toBeGreaterThanOrEqual(100)
    for (const { kernelName } of generated) expect(tf.getGradient(kernelName)).toBeDefined()
  })

  test('leaves a gradient that the program registered, is silent, and saves what that gradient needs', async () => {
    const warn = vi.spyOn(console, 'warn')
    vi.resetModules()
    tf.unregisterGradient('Add')
    const mine: tf.GradConfig = {
      kernelName: 'Add',
      inputsToSave: ['a'],
      // Reads data that tfjs's own gradient of Add does not.
      gradFunc: (dy, saved) => ({ a: () => tf.mul(dy as tf.Tensor, saved[0] as tf.Tensor), b: () => dy as tf.Tensor }),
    }
    tf.registerGradient(mine)
    const fresh = await import('../src/engine.js')
    fresh.ensureGradients()
    fresh.ensureGradients()
    expect(tf.getGradient('Add')).toBe(mine)
    expect(warn).not.toHaveBeenCalled()
    const x = variable([2])
    const tape = fresh.record(() => tf.sum(tf.add(x, 1)), [x])
    expect(gradientsOf(tape, [x])[0]).toEqual(Array.from(x.dataSync()))
    tape.dispose()
    tf.unregisterGradient('Add')
    tf.registerGradient(generated.find(({ kernelName }) => kernelName === 'Add') as tf.GradConfig)
    warn.mockRestore()
  })

  test('two copies of core record into each other without mixing their tapes', async () => {
    vi.resetModules()
    const second = await import('../src/engine.js')
    expect(second.record).not.toBe(record)
    const x = variable([3])
    const expected = reference(() => tf.sum(tf.square(x)), [x])
    const outer = record(() => {
      const inner = second.record(() => tf.sum(tf.square(x)), [x])
      const deepest = record(() => tf.sum(tf.square(x)), [x])
      expect(gradientsOf(inner, [x])).toEqual(expected)
      expect(gradientsOf(deepest, [x])).toEqual(expected)
      inner.dispose()
      deepest.dispose()
      return tf.sum(tf.square(x))
    }, [x])
    expect(gradientsOf(outer, [x])).toEqual(expected)
    outer.dispose()
  })
})
