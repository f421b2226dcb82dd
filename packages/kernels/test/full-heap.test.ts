import '@tensorflow/tfjs-backend-wasm'
import { OutOfMemoryError, registerKernels, wasmMemory } from '@levin/kernels'
import { adamUpdate } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { addressOf, allocateTensor, asWasmBackend } from '../src/wasm-backend.js'

// A real heap up to its last bytes. What is not written to takes no memory of the machine.
const MIB = 2 ** 20
/** What a full heap leaves to tfjs, and what the allocator and the small tensors of a test need. */
const MARGIN = 32 * MIB

registerKernels()
await tf.setBackend('wasm')
const backend = asWasmBackend(tf.backend())

/** A tensor of which nothing is written. */
const untouched = (bytes: number): tf.Tensor =>
  tf.engine().makeTensorFromTensorInfo(allocateTensor(backend, [bytes / 4], 'float32'))
const address = (tensor: tf.Tensor) => addressOf(backend, tensor)
const end = (tensor: tf.Tensor) => address(tensor) + tensor.size * 4
const view = (tensor: tf.Tensor) => new Float32Array(backend.wasm.HEAPU8.buffer, address(tensor), tensor.size)
/** The first and the last number. */
const ends = (tensor: tf.Tensor) =>
  tf.tidy(() => [0, tensor.size - 1].map((index) => tf.slice(tensor, index, 1).dataSync()[0]))

function untilFull(bytes: number): tf.Tensor[] {
  const tensors: tf.Tensor[] = []
  for (;;) {
    try {
      tensors.push(untouched(bytes))
    } catch (error) {
      if (error instanceof OutOfMemoryError) return tensors
      throw error
    }
  }
}

/** An update of parameters, by kernels of ours and of tfjs: the same bits wherever they lie. */
function trainABit(): Float32Array {
  return tf.tidy(() => {
    const x = tf.reshape(tf.sin(tf.range(0, 128 * 128)), [128, 128]) as tf.Tensor2D
    const y = tf.softmax(tf.matMul(x, x, true, false))
    const gradient = tf.mean(tf.concat([tf.square(y), tf.tanh(x)], 1), 1)
    const moments = { firstMoment: tf.zeros([128]), secondMoment: tf.zeros([128]) }
    const entries = [{ parameter: tf.ones([128]), gradient, ...moments }]
    const updated = adamUpdate(entries, { step: 1, learningRate: 0.1 })
    return tf.concat(updated.map(({ parameter }) => parameter)).dataSync() as Float32Array
  })
}

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0)
  expect(wasmMemory().tensorBytes).toBe(0)
})

describe('the heap', () => {
  it('grows to 4 GiB, and tensors at either end keep their numbers', () => {
    const expected = trainABit()
    const tensors = untilFull(64 * MIB)
    const written = [0, 31, 32, 33, tensors.length - 1].map((index) => tensors[index] as tf.Tensor)
    for (const [index, tensor] of written.entries()) view(tensor).fill(index + 1)

    expect(wasmMemory().heapBytes).toBe(wasmMemory().limitBytes)
    expect(wasmMemory().peakBytes).toBeGreaterThanOrEqual(tensors.length * 64 * MIB)
    expect(end(tensors.at(-1) as tf.Tensor)).toBeGreaterThan(2 ** 32 - 64 * MIB - MARGIN)
    expect(end(tensors.at(-1) as tf.Tensor)).toBeLessThan(2 ** 32 - 16 * MIB)
    // In what is left between the last of them and the end.
    expect(trainABit()).toEqual(expected)
    for (const [index, tensor] of written.entries()) expect(ends(tensor)).toEqual([index + 1, index + 1])
    tf.dispose(tensors)
  })

  it('serves again what was given back, and says so when it is full again', () => {
    const expected = trainABit()
    const tensors = untilFull(256 * MIB)
    const tile = () => tf.tidy(() => tf.tile(tf.tensor1d([1, 2]), [2 ** 26]))
    expect(tile).toThrow(/float32 tensor of shape \[134217728\], in the kernel Tile/)
    tensors.shift()?.dispose()
    tensors.pop()?.dispose()
    expect(trainABit()).toEqual(expected)
    const again = [untouched(256 * MIB), untouched(255 * MIB)]
    expect(() => untouched(256 * MIB)).toThrow(OutOfMemoryError)
    tf.dispose([tensors, again])
  })

  it('gives nothing that reaches beyond its end, where free pieces lie close to it', () => {
    const expected = trainABit()
    const [bottom, middle] = [untouched(600 * MIB), untouched(2800 * MIB)]
    const tops = Array.from({ length: 4 }, () => [untouched(130 * MIB), untouched(MIB)] as const)
    for (const [index, [large, small]] of tops.entries()) {
      view(small).fill(index)
      large.dispose()
    }
    const low = backend.wasm.HEAPU8.slice(0, 1024)
    // emmalloc by itself gives each of these: the sum of a piece's address and such a size passes zero.
    for (const size of [500, 450, 400, 350, 300]) expect(() => untouched(size * MIB)).toThrow(OutOfMemoryError)
    expect(backend.wasm.HEAPU8.slice(0, 1024)).toEqual(low)
    bottom.dispose()
    const fitting = untouched(500 * MIB)
    expect(end(fitting)).toBeLessThan(600 * MIB + MARGIN)
    const again = tops.map(() => untouched(129 * MIB))
    for (const tensor of again) expect(end(tensor)).toBeLessThan(2 ** 32)
    expect(new Set(again.map(address)).size).toBe(tops.length)
    for (const [index, [, small]] of tops.entries()) expect(ends(small)).toEqual([index, index])
    expect(trainABit()).toEqual(expected)
    tf.dispose([middle, fitting, again, tops.map(([, small]) => small)])
  })

  it('survives many tensors that come and go while it is nearly full', () => {
    const below = untouched(3700 * MIB)
    let state = 7
    const draw = (n: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state % n
    }
    const alive: [tensor: tf.Tensor, value: number][] = []
    let refused = 0
    for (let n = 0; n < 4_000; n++) {
      const size = 4 * (1 + draw(draw(8) === 0 ? 30 * MIB : MIB / 4))
      try {
        const tensor = untouched(size)
        view(tensor)
          .fill(n, 0, 1)
          .fill(n, tensor.size - 1)
        alive.push([tensor, n])
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError)
        refused++
      }
      while (alive.length > 0 && (draw(5) < 2 || alive.length > 200)) {
        const [[tensor, value] = []] = alive.splice(draw(alive.length), 1)
        if (tensor) expect(ends(tensor)).toEqual([value, value])
        tensor?.dispose()
      }
    }
    for (const [tensor, value] of alive) expect(ends(tensor)).toEqual([value, value])
    expect(refused).toBeGreaterThan(100)
    tf.dispose([below, alive.map(([tensor]) => tensor)])
  })
})
