import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, type HostTensor, kernel, random, upload } from './support.js'

const SHAPES: [number[], number[]][] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], []],
  [[], [3, 4]],
  [[], []],
  [[1], [3, 4]],
  [[3, 5], [5]],
  [[5], [3, 5]],
  [
    [2, 3, 5],
    [3, 5],
  ],
  [
    [2, 1, 5],
    [2, 1, 5],
  ],
  [
    [3, 1],
    [3, 7],
  ],
  [
    [2, 3, 1, 1],
    [2, 3, 4, 5],
  ],
  [
    [2, 1, 5],
    [1, 3, 1],
  ],
  [
    [2, 3, 5],
    [3, 1],
  ],
  [
    [4, 1],
    [1, 6],
  ],
  [
    [2, 3, 4, 5],
    [2, 1, 1, 5],
  ],
  [
    [2, 3, 4, 5],
    [1, 3, 1, 5],
  ],
  [
    [2, 1, 4, 1],
    [1, 3, 1, 5],
  ],
  [
    [2, 1, 2, 1, 3, 1],
    [1, 3, 1, 2, 1, 3],
  ],
  [[0, 3], [3]],
  [
    [3, 0],
    [3, 1],
  ],
  [
    [1, 3],
    [0, 1],
  ],
  [[33], [33]],
  [[70], []],
  [[7, 21], [21]],
  [
    [21, 1],
    [21, 19],
  ],
]

const withSpecials = (tensor: HostTensor, at: number): HostTensor => {
  const { values } = tensor
  if (values.length > 7) values.set([Number.NaN, Number.POSITIVE_INFINITY, 0, -0, Number.NEGATIVE_INFINITY], at)
  return tensor
}

/** On the wasm backend and on tfjs's JavaScript backend, with the dtype. */
async function onBoth(name: string, inputs: Record<string, { tensor: HostTensor; dtype: tf.DataType }>) {
  const run = async (backend: string) => {
    await tf.setBackend(backend)
    const out = tf.tidy(() => {
      const tensors = Object.entries(inputs).map(([key, { tensor, dtype }]) => [key, upload(tensor, dtype)])
      return tf.engine().runKernel(name, Object.fromEntries(tensors), {}) as tf.Tensor
    })
    const found = { shape: out.shape, dtype: out.dtype, values: [...out.dataSync()] }
    out.dispose()
    await tf.setBackend('wasm')
    return found
  }
  return { found: await run('wasm'), wanted: await run('cpu') }
}

describe.each(SHAPES)('%j and %j broadcast as on the JavaScript backend, NaN included:', (shapeA, shapeB) => {
  const a = () => withSpecials(random(shapeA, 1), 1)
  const b = () => withSpecials(random(shapeB, 2), 2)

  it.each(['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'])('%s', async (name) => {
    const found = kernel(name, { a: a(), b: b() })
    // Of a squared difference JavaScript rounds the result alone.
    const relative = name === 'SquaredDifference' ? 5e-7 : 0
    expectClose(found, await cpuKernel(name, { a: a(), b: b() }), { absolute: 0, relative })
  })

  it.each(['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'])('%s', async (name) => {
    // Tenths, so that some are equal.
    const tenths = ({ shape, values }: HostTensor): HostTensor => ({
      shape,
      values: Float32Array.from(values, (value) => Math.round(value * 5) / 5),
    })
    const of = (tensor: HostTensor) => ({ tensor: tenths(tensor), dtype: 'float32' as const })
    const { found, wanted } = await onBoth(name, { a: of(a()), b: of(b()) })
    expect(found).toEqual(wanted)
    expect(found.dtype).toBe('bool')
  })

  it.each(['LogicalAnd', 'LogicalOr'])('%s', async (name) => {
    const truths = ({ shape, values }: HostTensor) => ({
      tensor: { shape, values: Uint8Array.from(values, (value) => Number(value > 0)) },
      dtype: 'bool' as const,
    })
    const { found, wanted } = await onBoth(name, { a: truths(a()), b: truths(b()) })
    expect(found).toEqual(wanted)
  })
})

describe('kernels of two tensors', () => {
  it('take one tensor on both sides', () => {
    tf.tidy(() => {
      const x = upload(random([37], 1))
      expect([...tf.sub(x, x).dataSync()]).toEqual(new Array(37).fill(0))
      expect([...tf.equal(x, x).dataSync()]).toEqual(new Array(37).fill(1))
    })
  })

  it('refuse shapes that do not broadcast', () => {
    tf.tidy(() => {
      expect(() => tf.add(tf.ones([2, 3]), tf.ones([2, 4]))).toThrow(/could not be broadcast/)
    })
  })

  it('leave integers to the stock kernels, exact beyond what a float holds', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([2 ** 24, 2 ** 30], 'int32')
      expect([...tf.add(x, tf.scalar(1, 'int32')).dataSync()]).toEqual([2 ** 24 + 1, 2 ** 30 + 1])
      expect([...tf.greater(x, tf.scalar(2 ** 24, 'int32')).dataSync()]).toEqual([0, 1])
    })
  })
})

describe.each([0, 1, 5, 16, 37])('on %i elements', (count) => {
  const truths = { shape: [count], values: Uint8Array.from({ length: count }, (_, i) => Number(i % 3 === 1)) }

  it('LogicalNot turns each', async () => {
    const { found, wanted } = await onBoth('LogicalNot', { x: { tensor: truths, dtype: 'bool' } })
    expect(found).toEqual(wanted)
  })

  it.each(['float32', 'int32'] as const)('Select takes from one or the other, %s', async (dtype) => {
    const numbers = (seed: number) => {
      const { shape, values } = withSpecials(random([count], seed), 0)
      const whole = Int32Array.from(values, (value) => value * 1e9)
      return { tensor: { shape, values: dtype === 'int32' ? whole : values }, dtype }
    }
    const inputs = { condition: { tensor: truths, dtype: 'bool' as const }, t: numbers(1), e: numbers(2) }
    const { found, wanted } = await onBoth('Select', inputs)
    expect(found).toEqual(wanted)
  })
})

describe('where', () => {
  it('broadcasts its condition and its sides', () => {
    tf.tidy(() => {
      const condition = tf.tensor2d([1, 0], [2, 1], 'bool')
      const found = tf.where(condition, tf.tensor2d([1, 2, 3], [1, 3]) as tf.Tensor, tf.scalar(-1))
      expect(found.arraySync()).toEqual([
        [1, 2, 3],
        [-1, -1, -1],
      ])
    })
  })

  it('selects whole rows by a condition with one axis', () => {
    const out = tf.engine().runKernel('Select', {
      condition: tf.tensor1d([0, 1], 'bool'),
      t: tf.ones([2, 3]),
      e: tf.zeros([2, 3]),
    }) as tf.Tensor
    expect([...out.dataSync()]).toEqual([0, 0, 0, 1, 1, 1])
    out.dispose()
  })
})
