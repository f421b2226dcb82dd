import {
  type AdamUpdateOptions,
  accumulate,
  adamUpdate,
  type GradientOptions,
  type RmspropUpdateOptions,
  rmspropUpdate,
  type SgdUpdateOptions,
  sgdUpdate,
  squaredNorm,
} from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { type HostTensor, random } from './support.js'

type Entry = Record<string, tf.Tensor>
type Update<O> = (entries: Entry[], options: O & { step: number }) => object[]

const SHAPES = [[], [3], [4], [2, 9], [0], [37]]

const host = (tensor: tf.Tensor): HostTensor => ({
  shape: tensor.shape,
  values: (tensor.dataSync() as Float32Array).slice(),
})

/** Parameters and state after four steps; gradients hold 0, NaN, large and small numbers. `scale` becomes a tensor. */
async function train<O extends GradientOptions>(
  backend: string,
  update: Update<O>,
  slots: readonly string[],
  options: O,
  scale?: number,
) {
  await tf.setBackend(backend)
  const before = tf.memory().numTensors
  const upload = ({ shape, values }: HostTensor) => tf.tensor(values, [...shape], 'float32')
  const entries = SHAPES.map((shape, index) => ({
    parameter: upload(random(shape, index + 1)),
    ...Object.fromEntries(slots.map((slot) => [slot, tf.zeros(shape)])),
  })) as Entry[]
  let inPlace = 0
  for (let step = 1; step <= 4; step++) {
    const gradients = SHAPES.map((shape, index) => {
      const gradient = random(shape, 100 * step + index)
      if (gradient.values.length > 30) gradient.values.set([0, Number.NaN, 1e20, 1e-20, -3], 2)
      return upload(gradient)
    })
    const factor = scale === undefined ? {} : { gradientScale: tf.scalar(scale) }
    const given = entries.map((entry, index) => ({ ...entry, gradient: gradients[index] as tf.Tensor }))
    const results = update(given, { ...options, ...factor, step }) as Entry[]
    for (const [index, result] of results.entries()) {
      const entry = entries[index] as Entry
      for (const name of Object.keys(entry)) {
        const [old, next] = [entry[name] as tf.Tensor, result[name] as tf.Tensor]
        if (old === next) inPlace++
        else old.dispose()
        entry[name] = next
      }
    }
    tf.dispose([gradients, factor])
  }
  const values = entries.map((entry) => Object.fromEntries(Object.entries(entry).map(([name, t]) => [name, host(t)])))
  tf.dispose(entries)
  expect(tf.memory().numTensors).toBe(before)
  await tf.setBackend('wasm')
  return { values, inPlace: inPlace > 0 }
}

async function compare<O extends GradientOptions>(
  update: Update<O>,
  slots: readonly string[],
  options: O,
  scale?: number,
): Promise<void> {
  const kernels = await train('wasm', update, slots, options, scale)
  const composed = await train('cpu', update, slots, options, scale)
  expect([kernels.inPlace, composed.inPlace]).toEqual([true, false])
  expect(kernels.values).toEqual(composed.values)
}

describe('updates in place are bit for bit those composed on the JavaScript backend', () => {
  it.each<Omit<SgdUpdateOptions, 'step'>>([
    { learningRate: 0.1 },
    { learningRate: 0.1, weightDecay: 0.3, maximize: true },
    { learningRate: 0.1, momentum: 0.9 },
    { learningRate: 0.1, momentum: 0.9, dampening: 0.4, weightDecay: 0.1 },
    { learningRate: 0.1, momentum: 0.9, nesterov: true },
    { learningRate: 0.1, gradientScale: 0.5, clipValue: 0.2 },
  ])('SGD with %j', async (options) => {
    const update = sgdUpdate as unknown as Update<typeof options>
    await compare(update, options.momentum ? ['momentumBuffer'] : [], options)
  })

  it.each<Omit<AdamUpdateOptions, 'step'>>([
    { learningRate: 0.01 },
    { learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 0.1, weightDecay: 0.2 },
    { learningRate: 0.01, weightDecay: 0.2, decoupled: true },
    { learningRate: 0.01, amsgrad: true, beta2: 0.5, maximize: true },
    { learningRate: 0.01, weightDecay: 0.2, decoupled: true, amsgrad: true, gradientScale: 0.1, clipValue: 0.05 },
  ])('Adam with %j', async (options) => {
    const update = adamUpdate as unknown as Update<typeof options>
    await compare(update, ['firstMoment', 'secondMoment', ...(options.amsgrad ? ['maxSecondMoment'] : [])], options)
  })

  it.each<RmspropUpdateOptions>([
    { learningRate: 0.01 },
    { learningRate: 0.01, alpha: 0.9, epsilon: 0.1, weightDecay: 0.1, maximize: true },
    { learningRate: 0.01, momentum: 0.9 },
    { learningRate: 0.01, centered: true, alpha: 0.9, epsilon: 0.01 },
    { learningRate: 0.01, centered: true, momentum: 0.5, clipValue: 0.3, epsilon: 0.01 },
  ])('RMSprop with %j', async (options) => {
    const slots = ['squareAverage']
    if (options.centered) slots.push('gradientAverage')
    if (options.momentum) slots.push('momentumBuffer')
    await compare(rmspropUpdate as unknown as Update<typeof options>, slots, options)
  })

  it('with the scale of the gradients as a tensor', async () => {
    await compare(sgdUpdate as unknown as Update<GradientOptions>, [], { learningRate: 0.1 } as GradientOptions, 0.25)
    const slots = ['firstMoment', 'secondMoment']
    await compare(adamUpdate as unknown as Update<GradientOptions>, slots, { learningRate: 0.1 } as object, 0.25)
  })
})

describe('LevinAccumulate', () => {
  it('adds a weighted gradient in place, the weight a number or a tensor', () => {
    tf.tidy(() => {
      const target = tf.tensor1d([1, 2, 3, 4, 5])
      const gradient = tf.tensor1d([10, 20, 30, 40, Number.NaN])
      expect(accumulate(target, gradient)).toBe(target)
      accumulate(target, gradient, 0.5)
      accumulate(target, gradient, tf.scalar(2))
      expect([...target.dataSync()]).toEqual([36, 72, 108, 144, Number.NaN])
      expect([...gradient.dataSync()].slice(0, 4)).toEqual([10, 20, 30, 40])
    })
  })
})

describe('LevinSquaredNorm', () => {
  it('sums over all tensors, in float64', () => {
    tf.tidy(() => {
      const tensors = [tf.fill([1_000_003], 0.1), tf.tensor1d([3]), tf.zeros([0]), tf.scalar(-2)]
      const wanted = 1_000_003 * Math.fround(0.1) ** 2 + 13
      expect((squaredNorm(tensors).dataSync()[0] as number) / wanted).toBeCloseTo(1, 6)
      expect(squaredNorm([tf.tensor1d([1, Number.NaN])]).dataSync()[0]).toBeNaN()
      expect(squaredNorm([tf.tensor1d([1e30])]).dataSync()[0]).toBe(Number.POSITIVE_INFINITY)
    })
  })
})

it('a wrong number of tensors is an error, not a write elsewhere', () => {
  tf.tidy(() => {
    const tensors = [tf.zeros([2]), tf.zeros([2]), tf.zeros([2])] as unknown as tf.NamedTensorMap
    const attrs = { count: 1, gradientScale: 1, hasScaleTensor: false, momentum: 0 }
    expect(() => tf.engine().runKernel('LevinSgdUpdate', tensors, attrs)).toThrow(/Expected 2 tensors.*found 3/)
  })
})
