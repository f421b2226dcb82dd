/**
 * A set-up file for the tests of nn, optim and metrics: what they call of a backend, the sweep over accelerators must call
 * too, or nobody would see that an accelerator lacks it.
 */
import { afterAll, beforeEach, expect } from 'vitest'
import { observeKernels } from './observe-kernels.js'
import { sweptKernels } from './reports.js'

const called = new Set<string>()

beforeEach(() => observeKernels(called))

afterAll(() => {
  const swept = sweptKernels()
  const missing = [...called].filter((name) => !swept.has(name)).sort()
  expect(missing, 'kernels without a case in tools/parity/op_cases').toEqual([])
})
