import '@tensorflow/tfjs-backend-cpu'
import { hostTensor } from '@levin/core'
import { tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { allClose, assertAllClose, compareClose } from '../src/index.js'
import '../src/vitest.js'

test('numbers are close within rtol of the expected value and atol', () => {
  expect(allClose(1.000_009, 1)).toBe(true)
  expect(allClose(1.000_02, 1)).toBe(false)
  expect(allClose(1e-9, 0)).toBe(true)
  expect(allClose(1e-7, 0)).toBe(false)
  expect(allClose(110, 100, { rtol: 0.1, atol: 0 })).toBe(true)
  expect(allClose(100, 111.2, { rtol: 0.1, atol: 0 })).toBe(false)
})

test('NaN is close to NaN and an infinity to itself, and to nothing else', () => {
  expect(allClose([Number.NaN, Infinity, -Infinity, -0], [Number.NaN, Infinity, -Infinity, 0])).toBe(true)
  expect(allClose([Number.NaN], [1])).toBe(false)
  expect(allClose([Infinity], [-Infinity], { rtol: 1 })).toBe(false)
  expect(allClose([1e308], [Infinity], { rtol: 1 })).toBe(false)
})

test('the message names the worst element with its index, in the shape of the data', () => {
  const actual = tensor([1, 2, 3.1, 4, 5, 7], [2, 3])
  expect(
    compareClose(actual, [
      [1, 2, 3],
      [4, 5, 6],
    ]).message,
  ).toBe(
    'expected 6, found 7 (difference 1.00)'.replace(
      /^/,
      '2 of 6 numbers differ by more than rtol 0.00001, atol 1e-8; the worst at [1, 2]: ',
    ),
  )
  expect(() => assertAllClose(actual, new Float32Array(6), {}, 'weights')).toThrow(/^weights: 6 of 6 .*at \[1, 2\]/)
  actual.dispose()
})

test('shapes and lengths have to agree where they are known', () => {
  expect(compareClose([[1, 2]], [[1], [2]]).message).toBe('expected shape [2, 1], found [1, 2]')
  expect(compareClose([1, 2, 3], [1, 2]).message).toBe('expected shape [2], found [3]')
  expect(compareClose(Float32Array.of(1), Float64Array.of(1, 2)).message).toBe('expected 2 numbers, found 1')
  expect(allClose(Float32Array.of(1, 2), [[1], [2]])).toBe(true)
  expect(allClose(hostTensor(Int32Array.of(1, 2), [2, 1]), [[1], [2]])).toBe(true)
})

test('toBeAllClose passes and fails as the function does, and its message is the same', () => {
  expect([1, 2]).toBeAllClose(Float32Array.of(1, 2.000_001))
  expect([1, 2]).not.toBeAllClose([1, 3])
  expect(() => expect([1, 2]).toBeAllClose([1, 3], { atol: 0.5 })).toThrow(/1 of 2 .* at \[1\]: expected 3, found 2/)
  expect(() => expect([1, 2]).not.toBeAllClose([1, 2])).toThrow(/all 2 numbers are within/)
})
