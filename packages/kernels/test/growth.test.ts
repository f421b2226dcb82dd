import '@tensorflow/tfjs-backend-wasm'
import { registerKernels, wasmMemory } from '@levin/kernels'
import * as tf from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { asWasmBackend } from '../src/wasm-backend.js'
import { exhaustHeap } from './heap-states.js'
import { type HostTensor, random, upload } from './support.js'

// A heap that grows takes every view of it away. Here it grows at each allocation that a call makes, one after the other.
registerKernels()
const backend = asWasmBackend(tf.backend())

/** Runs `f` on a heap that must grow at its allocation number `at`. Returns what `f` does, and whether it grew. */
function growingAt<T>(at: number, f: () => T): { result: T; grew: boolean } {
  const { move } = backend
  let count = 0
  let giveBack = () => {}
  let before = wasmMemory().heapBytes
  backend.move = (...parameters) => {
    if (count++ === at) {
      before = wasmMemory().heapBytes
      giveBack = exhaustHeap(backend)
    }
    move(...parameters)
  }
  try {
    const result = f()
    return { result, grew: wasmMemory().heapBytes > before }
  } finally {
    backend.move = move
    giveBack()
  }
}

const [matrix, other] = [random([16, 12], 1), random([16, 12], 2)] as const
const images = random([2, 6, 6, 3], 3)
const given = (tensor: HostTensor) => upload(tensor)

it.each<[name: string, call: () => tf.Tensor]>([
  ['an upload', () => given(matrix)],
  ['a product', () => tf.matMul(given(matrix) as tf.Tensor2D, given(other) as tf.Tensor2D, false, true)],
  [
    'a convolution',
    () => tf.conv2d(given(images) as tf.Tensor4D, given(random([3, 3, 3, 4], 4)) as tf.Tensor4D, 1, 'same'),
  ],
  ['a concatenation', () => tf.concat([given(matrix), given(other)])],
  ['a softmax', () => tf.softmax(given(matrix))],
  ['slopes per row', () => tf.prelu(given(matrix), given(random([16, 1], 5)))],
  ['a cast to bool', () => tf.cast(given(matrix), 'bool')],
  ['a transform', () => tf.abs(tf.spectral.fft(tf.complex(given(matrix), given(other))))],
  ['a gather', () => tf.gather(given(matrix), tf.tensor1d([3, 1, 3], 'int32'))],
  ['a layer norm', () => layerNorm()],
])('%s is the same when the heap grows on the way', (_name, call) => {
  const values = () => tf.tidy(() => call().dataSync().slice())
  const expected = values()
  let grown = 0
  for (let at = 0; at < 16; at++) {
    const { result, grew } = growingAt(at, values)
    expect(result).toEqual(expected)
    if (!grew) break
    grown++
  }
  expect(grown).toBeGreaterThan(0)
})

/** A kernel with three outputs and workspace. */
function layerNorm(): tf.Tensor {
  const inputs = { x: given(matrix), gamma: given(random([12], 6)), beta: given(random([12], 7)) }
  const outputs = tf.engine().runKernel('LevinLayerNorm', inputs, { epsilon: 1e-5 }) as unknown as tf.Tensor[]
  return tf.concat(outputs.map((output) => tf.reshape(output, [-1])))
}
