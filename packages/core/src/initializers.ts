import { fillNormal, fillUniform, type RandomKey, type SliceLayout } from './rng/index.js'

/**
 * How a parameter gets its first values: each a function of the key and of its index in the *whole* tensor, so that a
 * shard is made without the rest.
 */
export interface Initializer {
  /** For the model summary and for errors. */
  readonly name: string
  /** Fills `target` with the values of the slice that `layout` describes. */
  fill(target: Float32Array, key: RandomKey, layout: SliceLayout): void
}

export const constant = (value: number): Initializer => ({
  name: `constant(${value})`,
  fill: (target) => void target.fill(value),
})
export const zeros = (): Initializer => constant(0)
export const ones = (): Initializer => constant(1)

/** Uniform over [low, high). */
export const uniform = (low: number, high: number): Initializer => ({
  name: `uniform(${low}, ${high})`,
  fill: (target, key, layout) => fillUniform(target, key, layout, low, high),
})

export const normal = (mean = 0, standardDeviation = 1): Initializer => ({
  name: `normal(${mean}, ${standardDeviation})`,
  fill: (target, key, layout) => fillNormal(target, key, layout, mean, standardDeviation),
})

/** Given values, in row-major order of the whole tensor: weights from elsewhere. */
export const values = (data: ArrayLike<number>): Initializer => ({
  name: 'values',
  fill: (target, _key, { globalShape, start, shape }) => {
    const strides = globalShape.map((_, axis) => globalShape.slice(axis + 1).reduce((a, b) => a * b, 1))
    const index = shape.map(() => 0)
    for (let i = 0; i < target.length; i++) {
      let offset = 0
      for (let axis = 0; axis < shape.length; axis++)
        offset += ((start[axis] ?? 0) + (index[axis] ?? 0)) * (strides[axis] ?? 1)
      target[i] = data[offset] ?? Number.NaN
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = (index[axis] ?? 0) + 1
        if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break
        index[axis] = 0
      }
    }
  },
})
