import { accumulate, adamUpdate, sgdUpdate, squaredNorm } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import './support.js'

const values = (tensor: tf.Tensor): number[] => [...tensor.dataSync()]
const numbers = (...from: number[]): tf.Tensor => tf.tensor1d(from)

describe('an update in place', () => {
  it('takes one gradient for two parameters, and a clone of it', () => {
    tf.tidy(() => {
      const gradient = numbers(1, 2, 3, 4, 5)
      const parameters = [numbers(1, 1, 1, 1, 1), numbers(2, 2, 2, 2, 2), numbers(3, 3, 3, 3, 3)]
      const gradients = [gradient, gradient, gradient.clone()]
      const entries = parameters.map((parameter, index) => ({ parameter, gradient: gradients[index] as tf.Tensor }))
      sgdUpdate(entries, { learningRate: 1, step: 1 })
      expect(parameters.map(values)).toEqual([
        [0, -1, -2, -3, -4],
        [1, 0, -1, -2, -3],
        [2, 1, 0, -1, -2],
      ])
      expect(values(gradient)).toEqual([1, 2, 3, 4, 5])
    })
  })

  it('takes a gradient that is the parameter itself, as that of half its square', () => {
    tf.tidy(() => {
      const parameter = numbers(1, 2, 3, 4, 5)
      sgdUpdate([{ parameter, gradient: parameter.clone() }], { learningRate: 0.5, step: 1 })
      sgdUpdate([{ parameter, gradient: parameter }], { learningRate: 0.5, step: 2 })
      expect(values(parameter)).toEqual([0.25, 0.5, 0.75, 1, 1.25])
    })
  })

  it('reads a gradient that is another parameter as it was before the update', () => {
    tf.tidy(() => {
      const [first, second] = [numbers(1, 2, 3), numbers(10, 20, 30)]
      const entries = [
        { parameter: first, gradient: second.clone() },
        { parameter: second, gradient: first.clone() },
      ]
      sgdUpdate(entries, { learningRate: 1, step: 1 })
      expect([values(first), values(second)]).toEqual([
        [-9, -18, -27],
        [9, 18, 27],
      ])
    })
  })

  it('reads a scale that is a parameter as it was before the update', () => {
    tf.tidy(() => {
      const scale = tf.scalar(2)
      const other = numbers(1, 1)
      const entries = [
        { parameter: scale, gradient: tf.scalar(3) },
        { parameter: other, gradient: numbers(1, 2) },
      ]
      sgdUpdate(entries, { learningRate: 1, step: 1, gradientScale: scale.clone() as tf.Scalar })
      expect([values(scale), values(other)]).toEqual([[-4], [-1, -3]])
    })
  })

  it('takes a gradient under another name that views the buffer of a reshaped one', () => {
    tf.tidy(() => {
      const flat = numbers(1, 2, 3, 4)
      const parameter = tf.ones([2, 2])
      sgdUpdate([{ parameter, gradient: tf.reshape(flat, [2, 2]) }], { learningRate: 1, step: 1 })
      expect(values(parameter)).toEqual([0, -1, -2, -3])
      expect(values(flat)).toEqual([1, 2, 3, 4])
    })
  })

  it('refuses tensors that it would write twice, naming both', () => {
    tf.tidy(() => {
      const [parameter, gradient, zeros] = [numbers(1, 2), numbers(1, 1), tf.zeros([2])]
      const state = { firstMoment: zeros, secondMoment: zeros }
      const options = { learningRate: 1, step: 1 }
      expect(() => adamUpdate([{ parameter, gradient, ...state }], options)).toThrow(
        /adamUpdate: `secondMoment` of entry 0 must have data of its own.*shares that of `firstMoment` of entry 0.*tf.mul/,
      )
      const entries = [
        { parameter, gradient },
        { parameter: parameter.clone(), gradient },
      ]
      expect(() => sgdUpdate(entries, options)).toThrow(/`parameter` of entry 1 .* that of `parameter` of entry 0/)
      expect(values(parameter)).toEqual([1, 2])
    })
  })

  it('changes what was cloned before, as documented', () => {
    tf.tidy(() => {
      const parameter = numbers(1, 2)
      const [clone, copy] = [parameter.clone(), tf.mul(parameter, 1)]
      sgdUpdate([{ parameter, gradient: numbers(1, 1) }], { learningRate: 1, step: 1 })
      expect([values(clone), values(copy)]).toEqual([
        [0, 1],
        [1, 2],
      ])
    })
  })
})

describe('accumulate', () => {
  it('leaves the data of others alone: the sum is a new tensor where the target is shared', () => {
    const target = numbers(1, 2, 3)
    const clone = target.clone()
    const sum = accumulate(target, numbers(10, 10, 10), 0.5)
    expect([values(target), values(clone), values(sum)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [6, 7, 8],
    ])
    clone.dispose()
    expect(accumulate(target, sum)).toBe(target)
    expect(values(target)).toEqual([7, 9, 11])
    tf.dispose([target, sum])
  })

  it('adds a clone of the target, the target itself, and its view', () => {
    const target = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3])
    const clone = target.clone()
    const sum = accumulate(target, clone, 2)
    expect(values(sum)).toEqual([3, 6, 9, 12, 15, 18])
    tf.dispose([target, clone])
    expect(accumulate(sum, sum)).toBe(sum)
    expect(values(sum)).toEqual([6, 12, 18, 24, 30, 36])
    sum.dispose()
    const weight = tf.scalar(3)
    expect(values(accumulate(weight, weight, weight))).toEqual([12])
    weight.dispose()
  })
})

it('squaredNorm counts a tensor as often as it is given', () => {
  tf.tidy(() => {
    const x = numbers(1, 2, 3, 4, 5)
    expect(values(squaredNorm([x, x, x.clone()]))).toEqual([165])
  })
})
