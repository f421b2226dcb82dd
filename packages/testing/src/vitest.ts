/** Importing this file gives vitest's `expect` the matcher `toBeAllClose`. */
import { expect } from 'vitest'
import { compareClose, type Numbers, type Tolerance } from './all-close.js'

interface CloseMatchers<R = unknown> {
  /**
   * Element by element: |actual − expected| ≤ atol + rtol · |expected|. Tensors, typed arrays, nested arrays, numbers.
   *
   * @param tolerance Default `{ rtol: 1e-5, atol: 1e-8 }`.
   */
  toBeAllClose(expected: Numbers, tolerance?: Tolerance): R
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the type parameters must be those of vitest's own declaration.
  interface Matchers<T = any> extends CloseMatchers<T> {}
}

expect.extend({
  toBeAllClose(received: Numbers, expected: Numbers, tolerance?: Tolerance) {
    const { close, message } = compareClose(received, expected, tolerance)
    return { pass: close, message: () => message }
  },
})
