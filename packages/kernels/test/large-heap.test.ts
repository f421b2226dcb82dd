import { stageTensor } from '@levin/kernels'
import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { runtimeOf } from '../src/runtime.js'
import { asWasmBackend } from '../src/wasm-backend.js'
import { fillLowerHalf } from './heap-states.js'
import { upload } from './support.js'

// The tests of the kernels once more, on tensors beyond the first 2 GiB: their addresses are negative wherever somebody
// takes them for signed.
const backend = asWasmBackend(tf.backend())
fillLowerHalf(backend)

it('tensors, staged ones too, and workspace lie beyond the first 2 GiB', () => {
  const runtime = runtimeOf(backend)
  const tensor = upload({ shape: [3], values: Float32Array.of(1, 2, 3) })
  expect(runtime.address(tensor)).toBeGreaterThan(2 ** 31)
  expect(runtime.workspace(1_000)).toBeGreaterThan(2 ** 31)
  expect([...tensor.dataSync()]).toEqual([1, 2, 3])
  const staged = stageTensor([2], 'int32')
  staged.data.set([4, 5])
  const filled = staged.toTensor()
  expect(runtime.address(filled)).toBeGreaterThan(2 ** 31)
  expect([...filled.dataSync()]).toEqual([4, 5])
  tf.dispose([tensor, filled])
})

await import('./matmul.test.js')
await import('./fused-matmul.test.js')
await import('./einsum.test.js')
await import('./convolution.test.js')
await import('./depthwise.test.js')
await import('./pooling.test.js')
await import('./attention.test.js')
await import('./updates.test.js')
await import('./dropout.test.js')
await import('./gather.test.js')
await import('./segment-sum.test.js')
await import('./slice.test.js')
await import('./sum.test.js')
await import('./elementwise.test.js')
await import('./functions.test.js')
await import('./complex.test.js')
await import('./ops.test.js')
await import('./blas.test.js')
