import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  adopt,
  copy,
  currentBackendName,
  disposeAll,
  engineMemory,
  hasKernel,
  isTensor,
  keep,
  mapTensors,
  runKernel,
  sharesData,
  tensorsIn,
} from '../src/engine.js'
import { LevinError } from '../src/errors.js'
import { engineSnapshot } from './engine-fixture.js'

let before: ReturnType<typeof engineSnapshot>

beforeAll(async () => {
  await tf.setBackend('cpu')
})

beforeEach(() => {
  before = engineSnapshot()
})

afterEach(() => {
  expect(engineSnapshot()).toEqual(before)
})

test('memory agrees with tf.memory', () => {
  const { numTensors, numDataBuffers, numBytes } = tf.memory()
  expect(engineMemory()).toEqual({ tensors: numTensors, buffers: numDataBuffers, bytes: numBytes })
})

test.each([
  ['float32', () => tf.tensor1d([0, -0, Number.NaN, Number.NEGATIVE_INFINITY, 1e-40, 3.5])],
  ['int32', () => tf.tensor2d([[2 ** 31 - 1, -(2 ** 31)]], [1, 2], 'int32')],
  ['bool', () => tf.tensor1d([true, false], 'bool')],
  ['string', () => tf.tensor1d(['a', 'ü'])],
  ['complex64', () => tf.complex([1, 2], [3, 4])],
  ['float32', () => tf.scalar(2)],
] as const)('copy gives a %s tensor with the same values and data of its own', (_dtype, make) => {
  const original = make() as tf.Tensor
  // tfjs counts the bytes of a string tensor once more for each alias that is disposed.
  const alias = original.dtype === 'string' ? undefined : original.clone()
  const copied = tf.tidy(() => copy(original))
  expect([copied.shape, copied.dtype]).toEqual([original.shape, original.dtype])
  expect(copied.dataSync()).toEqual(original.dataSync())
  expect(copied.dataId).not.toBe(original.dataId)
  if (alias) expect([sharesData(alias), sharesData(copied)]).toEqual([true, false])
  disposeAll([original, alias, copied])
})

test('keep carries a tensor out of its scope, adopt puts it into the open one', () => {
  let kept: tf.Tensor | undefined
  tf.tidy(() => {
    kept = keep(tf.ones([2]))
  })
  expect(kept?.isDisposed).toBe(false)
  tf.tidy(() => {
    adopt(kept as tf.Tensor)
  })
  expect(kept?.isDisposed).toBe(true)
})

test('nested values are read, mapped and disposed through arrays and plain objects only', () => {
  class Holder {
    constructor(readonly tensor: tf.Tensor) {}
  }
  const [a, b, c] = [tf.scalar(1), tf.scalar(2), tf.scalar(3)] as const
  const holder = new Holder(c)
  const nested = { a, list: [b, 1, [a]], holder, nothing: null }
  expect(tensorsIn(nested)).toEqual([a, b, a])
  const mapped = mapTensors(nested, (tensor) => tf.mul(tensor, 10))
  expect(tensorsIn(mapped).map((tensor) => tensor.dataSync()[0])).toEqual([10, 20, 10])
  expect(mapped.holder).toBe(holder)
  disposeAll(nested)
  disposeAll(nested)
  expect([a.isDisposed, b.isDisposed, c.isDisposed]).toEqual([true, true, false])
  disposeAll([mapped, c])
  expect([isTensor(c), isTensor({ shape: [] }), isTensor(undefined)]).toEqual([true, false, false])
})

test('kernels run by name, and one that is missing is named with the remedy', () => {
  expect(currentBackendName()).toBe('cpu')
  expect([hasKernel('Add'), hasKernel('Add', 'nowhere'), hasKernel('Nothing')]).toEqual([true, false, false])
  const x = tf.tensor1d([1, 4])
  const y = runKernel('Sqrt', { x })
  expect(Array.from(y.dataSync())).toEqual([1, 2])
  expect(() => runKernel('Nothing', { x })).toThrow(LevinError)
  expect(() => runKernel('Nothing', { x })).toThrow(/'cpu'.*'Nothing'.*@levin\/kernels/)
  disposeAll([x, y])
})
