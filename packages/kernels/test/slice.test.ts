import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { cpuKernel, expectClose, kernel, random } from './support.js'

const cases: [shape: number[], begin: number[], size: number[]][] = [
  [[7], [2], [3]],
  [[7], [0], [7]],
  [[7], [3], [0]],
  [
    [5, 6],
    [1, 0],
    [3, 6],
  ],
  [
    [5, 6],
    [1, 2],
    [3, 3],
  ],
  [
    [5, 6],
    [0, 5],
    [5, 1],
  ],
  [
    [3, 4, 5],
    [1, 0, 0],
    [2, 4, 5],
  ],
  [
    [3, 4, 5],
    [1, 1, 0],
    [1, 2, 5],
  ],
  [
    [3, 4, 5],
    [0, 1, 2],
    [3, 2, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 1, 1],
    [2, 2, 2, 3],
  ],
  [
    [2, 3, 4, 5],
    [1, 0, 0, 4],
    [1, 3, 4, 1],
  ],
  [
    [2, 3, 2, 3, 2],
    [0, 1, 0, 1, 0],
    [2, 2, 2, 1, 1],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [1, 1, 0, 0, 1, 1],
    [1, 2, 2, 3, 1, 2],
  ],
]

describe('Slice', () => {
  it.each(cases)('of %j from %j, %j long, is that of the JavaScript backend', async (shape, begin, size) => {
    const x = random(shape, 1)
    const wanted = await cpuKernel('Slice', { x }, { begin, size })
    expectClose(kernel('Slice', { x }, { begin, size }), wanted, { absolute: 0, relative: 0 })
  })

  it('takes −1 for the rest of an axis', () => {
    tf.tidy(() => {
      expect(tf.slice(tf.reshape(tf.range(0, 12), [3, 4]), [1, 2], [-1, -1]).arraySync()).toEqual([
        [6, 7],
        [10, 11],
      ])
    })
  })

  it('slices booleans, integers, strings and complex numbers', () => {
    tf.tidy(() => {
      const at = [1, 1]
      const size = [2, 1]
      expect([...tf.slice(tf.tensor2d([0, 1, 1, 0, 0, 1], [3, 2], 'bool'), at, size).dataSync()]).toEqual([0, 1])
      expect([...tf.slice(tf.tensor2d([0, 1, 2, 3, 4, 5], [3, 2], 'int32'), at, size).dataSync()]).toEqual([3, 5])
      const strings = tf.slice(tf.tensor2d(['a', 'b', 'c', 'd', 'e', 'f'], [3, 2], 'string'), at, size)
      expect([...(strings.dataSync() as unknown as string[])]).toEqual(['d', 'f'])
      const complex = tf.complex(tf.tensor2d([0, 1, 2, 3, 4, 5], [3, 2]), tf.tensor2d([6, 7, 8, 9, 10, 11], [3, 2]))
      expect([...tf.slice(complex, at, size).dataSync()]).toEqual([3, 9, 5, 11])
    })
  })

  it('refuses to read beyond the tensor', () => {
    tf.tidy(() => {
      const x = tf.ones([4, 3])
      expect(() => tf.slice(x, [1, 1], [10, 2])).toThrow(/begin\[0\] \+ size\[0\]/)
    })
  })
})
