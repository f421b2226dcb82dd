import { kernelTable, registerKernels } from '@levin/kernels'
import { kernelNames } from '@levin/ops'
import { expect, it } from 'vitest'
import '@tensorflow/tfjs-backend-wasm'
import { useBackend } from '../../ops/test/support.js'

// The tests of @levin/ops once more, on our kernels: values against float64 references, gradients against central
// differences, extremes, ignored rows, nothing left behind. (those of updates, dropout and attention are about the composed
// forms; the tests of these names beside this file compare the kernels with them.)
registerKernels()
useBackend('wasm')
await import('../../ops/test/linear.test.js')
await import('../../ops/test/activations.test.js')
await import('../../ops/test/losses.test.js')
await import('../../ops/test/softmax-cross-entropy.test.js')
await import('../../ops/test/normalisation.test.js')
await import('../../ops/test/embedding.test.js')
await import('../../ops/test/sequences.test.js')

it('every kernel that ops look for is there', () => {
  const ours = new Set(kernelTable.map(({ name }) => name))
  expect(Object.values(kernelNames).filter((name) => !ours.has(name))).toEqual([])
})
