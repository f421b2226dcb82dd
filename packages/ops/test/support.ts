import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { afterEach, beforeEach, expect } from 'vitest'

/** Float64 stand-in for a tensor: references are written on plain numbers. */
export type Values = number[]

let backend = 'cpu'

/** The backend of all tests of this file from here on. It must have been imported. */
export function useBackend(name: string): void {
  backend = name
}

/** Fails the test when it leaves tensors behind. Everything a test makes must live in `tf.tidy` or be disposed. */
export function checkLeaks(): void {
  let before = 0
  let buffersBefore = 0
  beforeEach(async () => {
    await tf.setBackend(backend)
    before = tf.memory().numTensors
    buffersBefore = tf.memory().numDataBuffers
  })
  afterEach(() => {
    expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0)
    expect(tf.memory().numDataBuffers - buffersBefore, 'buffers left behind').toBe(0)
  })
}

/** Numbers that look random, are the same on every run, and lie in [low, high). */
export function numbers(count: number, seed = 1, low = -2, high = 2): Values {
  let state = seed * 2654435761
  return Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0
    // Rounded to float32, so that a reference starts from what the op gets.
    return Math.fround(low + ((state >>> 8) / 2 ** 24) * (high - low))
  })
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

export interface Argument {
  shape: number[]
  values: Values
}

export const argument = (shape: number[], seed = 1, low = -2, high = 2): Argument => ({
  shape,
  values: numbers(sizeOf(shape), seed, low, high),
})

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5, what = ''): void {
  expect(actual.length, `${what} length`).toBe(expected.length)
  for (let index = 0; index < expected.length; index++) {
    const [a, e] = [actual[index] as number, expected[index] as number]
    if (Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e))) continue
    const bound = tolerance * Math.max(1, Math.abs(e))
    if (!(Math.abs(a - e) <= bound)) expect.fail(`${what}[${index}]: expected ${e}, got ${a}`)
  }
}

export interface Differentiable {
  /** Arguments that have gradients. */
  inputs: Argument[]
  op: (...inputs: tf.Tensor[]) => tf.Tensor
  /** The same function in float64: flat values in, flat values out. */
  reference: (...inputs: Values[]) => Values
  tolerance?: number
}

/**
 * Compares values with the reference, and gradients with central differences of the reference in float64, for an
 * upstream gradient that is different for every element.
 */
export function checkOp({ inputs, op, reference, tolerance = 1e-5 }: Differentiable): void {
  const expected = reference(...inputs.map((input) => input.values))
  const upstream = numbers(expected.length, 99, 0.5, 1.5)
  tf.tidy(() => {
    const tensors = inputs.map(({ values, shape }) => tf.tensor(values, shape, 'float32'))
    const plain = op(...tensors)
    expectClose(plain.dataSync(), expected, tolerance, 'value')
    const dy = tf.tensor(upstream, plain.shape, 'float32')
    const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) => op(...xs))(tensors, dy)
    expectClose(value.dataSync(), expected, tolerance, 'value on the tape')
    grads.forEach((gradient, index) => {
      expect(gradient.shape).toEqual(inputs[index]?.shape)
      expectClose(gradient.dataSync(), difference(inputs, reference, upstream, index), tolerance, `gradient ${index}`)
    })
  })
}

/** Central differences of `sum(upstream · f)` with respect to input `index`. */
export function difference(
  inputs: Argument[],
  reference: (...inputs: Values[]) => Values,
  upstream: Values,
  index: number,
): Values {
  const step = 1e-5
  const total = (values: Values[]): number =>
    reference(...values).reduce((sum, value, element) => sum + value * (upstream[element] as number), 0)
  return (inputs[index] as Argument).values.map((value, element) => {
    const shifted = (by: number) =>
      total(
        inputs.map((input, other) =>
          other === index ? input.values.map((v, e) => (e === element ? value + by : v)) : input.values,
        ),
      )
    return (shifted(step) - shifted(-step)) / (2 * step)
  })
}
