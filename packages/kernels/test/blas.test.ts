import { kernelFingerprint, registerKernels } from '@levin/kernels'
import { disableBlas, enableBlas, inspectBlas } from '@levin/kernels/blas'
import { requirePart } from '@levin/real-parts'
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sizeTable } from '../src/blas/size-table.js'
import { sendEverythingToBlas } from './blas-support.js'
import { convolutionCases } from './convolution-cases.js'
import { matmulCases } from './matmul-cases.js'
import { expectClose, type HostTensor, kernel, random, upload } from './support.js'

registerKernels({ simd: 'simd' })

const threadsOf = (fingerprint: string) => FINGERPRINT.exec(fingerprint)?.[1]
const FINGERPRINT = /tfjs\/4\.\d+\.\d+ blas\/OpenBLAS-\d+\.\d+\.\d+\S*-\w+\/(\d+)-threads?\/table-b$/

describe.runIf(requirePart('openblas'))('products in OpenBLAS', () => {
  describe('of every size', () => {
    beforeAll(() => sendEverythingToBlas())
    afterAll(disableBlas)
    matmulCases()
    convolutionCases()
  })

  describe('from the size in the table on', () => {
    afterEach(disableBlas)

    const square = (n: number): [HostTensor, HostTensor] => [random([n, n], 1), random([n, n], 2)]
    const multiply = ([a, b]: [HostTensor, HostTensor]) => kernel('BatchMatMul', { a, b })
    const side = Math.cbrt(sizeTable.work)

    it('are the library’s, and below it the wasm kernel’s, bit for bit', () => {
      const [small, large] = [square(side - 1), square(4 * side)]
      const ours = [multiply(small), multiply(large)] as const
      enableBlas()
      const found = [multiply(small), multiply(large)] as const
      expect(found[0].values).toEqual(ours[0].values)
      // One rounds each product and the other does not: sums of sixty-four cannot all be equal.
      expect(found[1].values).not.toEqual(ours[1].values)
      expectClose(found[1], ours[1])
      disableBlas()
      expect(multiply(large).values).toEqual(ours[1].values)
    })

    it('are the same bits at every call, before and after the heap has grown', () => {
      enableBlas()
      tf.tidy(() => {
        const [a, b] = square(96).map((each) => upload(each)) as [tf.Tensor2D, tf.Tensor2D]
        const before = tf.matMul(a, b, true).dataSync()
        const grown = tf.zeros([160 * 1024 * 1024])
        expect(tf.matMul(a, b, true).dataSync()).toEqual(before)
        grown.dispose()
      })
    })

    it('are named in the fingerprint while the library is in use', () => {
      const without = kernelFingerprint()
      expect(without).not.toContain('blas')
      enableBlas()
      expect(kernelFingerprint()).toMatch(FINGERPRINT)
      expect(kernelFingerprint().startsWith(`${without} `)).toBe(true)
      disableBlas()
      expect(kernelFingerprint()).toBe(without)
    })

    it('take one thread unless more are asked for, and the fingerprint tells', () => {
      const threads = () => threadsOf(kernelFingerprint())
      expect(enableBlas()).toMatchObject({
        ok: true,
        threads: 1,
        detail: expect.stringMatching(/^OpenBLAS .*, 1 thread$/),
      })
      expect(threads()).toBe('1')
      const large = square(300)
      const expected = multiply(large)
      expect(enableBlas({ threads: 2 })).toMatchObject({ threads: 2, detail: expect.stringContaining('2 threads') })
      expect(threads()).toBe('2')
      expectClose(multiply(large), expected)
      enableBlas()
      expect(threads()).toBe('1')
    })

    it('say how many threads they got, where it is fewer than were asked for', () => {
      const report = enableBlas({ threads: 100_000 })
      const got = report.ok ? (report.threads as number) : 0
      expect(got).toBeLessThan(100_000)
      expect(threadsOf(kernelFingerprint())).toBe(`${got}`)
      enableBlas()
    })

    it.each([0, 1.5, -1, Number.NaN])('refuse %d threads', (threads) => {
      expect(() => enableBlas({ threads })).toThrow(/whole number of threads from 1/)
    })

    it('are not touched by a look at what there is', () => {
      expect(inspectBlas()).toEqual(enableBlas())
      disableBlas()
      inspectBlas()
      expect(kernelFingerprint()).not.toContain('blas')
    })
  })
})
