import '@tensorflow/tfjs-backend-wasm'
import { OutOfMemoryError, registerKernels, resetWasmPeak, wasmMemory } from '@levin/kernels'
import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asWasmBackend } from '../src/wasm-backend.js'
import { makeHeapScarce } from './heap-states.js'

const MIB = 2 ** 20
/** Numbers in one MiB. */
const M = MIB / 4

// Stands for a kernel of somebody else: shares its input, makes a small tensor by another kernel, gives one of two tensors
// back, and asks for too much. With `fail` it throws something else at that point.
tf.registerKernel({
  kernelName: 'Foreign',
  backendName: 'wasm',
  kernelFunc({ inputs, attrs, backend }) {
    const wasm = asWasmBackend(backend)
    const { x } = inputs as { x: tf.TensorInfo }
    wasm.incRef(x.dataId)
    wasm.incRef(x.dataId)
    wasm.disposeData(x.dataId)
    wasm.disposeData(wasm.makeOutput([2], 'float32').dataId)
    tf.getKernel('Identity', 'wasm').kernelFunc({ inputs: { x }, backend })
    tf.getKernel('Square', 'wasm').kernelFunc({ inputs: { x }, backend })
    if (attrs?.['fail']) throw new Error('Something else.')
    return wasm.makeOutput([64 * M], 'float32')
  },
})
registerKernels()
await tf.setBackend('wasm')
const backend = asWasmBackend(tf.backend())
const ids = () => tf.engine().backend.numDataIds()

/** What a function throws. */
function thrown(f: () => unknown): unknown {
  try {
    f()
  } catch (error) {
    return error
  }
  return expect.fail('nothing was thrown')
}

let undo: () => void
let before: object
const state = () => ({ ids: ids(), tensors: tf.memory().numTensors, tensorBytes: wasmMemory().tensorBytes })

beforeEach(() => {
  tf.tidy(() => void tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])))
  before = state()
  undo = makeHeapScarce(backend, 8 * MIB)
})

afterEach(() => {
  undo()
  expect(state()).toEqual(before)
})

/** Eight MiB are there again, and what is computed with them is right. */
function expectSoundHeap(): void {
  tf.tidy(() => {
    const x = tf.fill([M], 3)
    const y = tf.square(tf.concat([x, x, x]))
    expect(tf.slice(y, [3 * M - 1]).dataSync()).toEqual(Float32Array.of(9))
    const product = tf.matMul(tf.fill([32, 32], 2), tf.fill([32, 32], 3), false, true)
    expect(product.dataSync()).toEqual(new Float32Array(32 * 32).fill(192))
  })
}

describe('an upload without room', () => {
  it('is an error that says what was asked for, what there is, and what to do', () => {
    const kept = tf.tensor1d([1, 2, 3])
    const low = backend.wasm.HEAPU8.slice(0, 1024)
    const error = thrown(() => tf.tensor(new Float32Array(16 * M).fill(7), [4, 4 * M]))
    expect(error).toBeInstanceOf(OutOfMemoryError)
    const { heapBytes, limitBytes, tensorBytes, workspaceBytes } = wasmMemory()
    expect(error).toMatchObject({ code: 'LEVIN_OUT_OF_MEMORY', bytes: 16 * MIB, heapBytes, limitBytes, tensorBytes })
    expect(error).toMatchObject({ workspaceBytes, purpose: 'float32 tensor of shape [4, 1048576], an upload' })
    expect((error as Error).message).toMatch(
      /out of memory.*room for 16777216 bytes \(16 MiB\) \(float32 tensor .*heap of \d+ bytes \(\d+ MiB\) that may grow to 4294901760 bytes \(4.00 GiB\), with 12 bytes in tensors .* in workspace.*smaller batch/s,
    )
    // The stock backend writes what has no room to address 0.
    expect(backend.wasm.HEAPU8.slice(0, 1024)).toEqual(low)
    expect([...kept.dataSync()]).toEqual([1, 2, 3])
    kept.dispose()
    expectSoundHeap()
  })

  it('comes without a kernel’s name after a kernel has run, or failed', () => {
    thrown(() => tf.tidy(() => tf.tile(tf.ones([M]), [64])))
    expect(thrown(() => tf.tensor(new Uint8Array(16 * MIB), [16 * MIB], 'bool'))).toMatchObject({
      purpose: 'bool tensor of shape [16777216], an upload',
    })
    expectSoundHeap()
  })
})

describe('a kernel without room', () => {
  const square = (side: number) => tf.matMul(tf.ones([side, 1]), tf.ones([1, side]))
  it.each<[kernel: string, whose: string, found: string, call: () => unknown]>([
    ['Tile', 'ours', 'float32 tensor of shape [16777216]', () => tf.tile(tf.ones([M]), [64])],
    ['BatchMatMul', 'ours', 'float32 tensor of shape [2048, 2048]', () => square(2048)],
    ['Fill', 'of tfjs', 'int32 tensor of shape [4194304]', () => tf.fill([16 * M], 1, 'int32')],
    [
      'OneHot',
      'of tfjs',
      'float32 tensor of shape [1024, 4096]',
      () => tf.oneHot(tf.range(0, 1024, 1, 'int32'), 4096, 1, 0, 'float32'),
    ],
  ])('%s, %s, is named, and what it works with stays', (kernel, _whose, tensor, call) => {
    const error = thrown(() => tf.tidy(() => void call()))
    expect(error).toMatchObject({ purpose: `${tensor}, in the kernel ${kernel}` })
    expectSoundHeap()
  })

  it('for the second of its outputs gives the first one back', () => {
    const x = tf.ones([1, 3 * M])
    const held = state()
    expect(thrown(() => tf.topk(x, 3 * M))).toMatchObject({
      purpose: `int32 tensor of shape [1, ${3 * M}], in the kernel TopK`,
    })
    expect(state()).toEqual(held)
    x.dispose()
  })

  it('for its workspace gives its output back', () => {
    const [a, b] = [tf.ones([512, 512]), tf.ones([512, 1536])]
    const held = state()
    expect(thrown(() => tf.matMul(a, b))).toMatchObject({ purpose: 'workspace, in the kernel BatchMatMul' })
    expect(state()).toEqual(held)
    tf.dispose([a, b])
    expectSoundHeap()
  })

  it.each([false, true])('gives back what it had shared, and what other kernels had made for it (%s)', (fail) => {
    const x = tf.ones([M])
    const held = state()
    const error = thrown(() => tf.engine().runKernel('Foreign', { x }, { fail }))
    if (fail) expect(error).toMatchObject({ message: 'Something else.' })
    else expect(error).toMatchObject({ purpose: `float32 tensor of shape [${64 * M}], in the kernel Foreign` })
    expect(state()).toEqual(held)
    expect(tf.engine().backend.refCount(x.dataId)).toBe(1)
    tf.tidy(() => void expect(tf.sum(x).dataSync()).toEqual(Float32Array.of(M)))
    x.dispose()
  })
})

describe('a heap that is full to the last byte', () => {
  it('is named where tfjs itself finds no memory and aborts', () => {
    undo()
    // Room for the number, and none for the entry in tfjs's list of tensors.
    undo = makeHeapScarce(backend, 8)
    const error = thrown(() => tf.scalar(1))
    undo()
    expect(error).toMatchObject({ code: 'LEVIN_OUT_OF_MEMORY', purpose: 'for tfjs itself, an upload' })
    expectSoundHeap()
  })
})

describe('peakBytes', () => {
  it('counts tensors and workspace at their most, those within kernels too, and can begin again', () => {
    undo()
    resetWasmPeak()
    const start = wasmMemory()
    expect(start.peakBytes).toBe(start.tensorBytes + start.workspaceBytes)
    tf.tidy(() => void tf.add(tf.ones([M]), tf.ones([2, M])))
    const after = wasmMemory()
    expect(after.tensorBytes).toBe(start.tensorBytes)
    expect(after.peakBytes).toBe(start.peakBytes + 5 * MIB)
    resetWasmPeak()
    expect(wasmMemory().peakBytes).toBe(start.peakBytes)
  })

  it('counts shared data once, and complex and bool by what they take', () => {
    const start = wasmMemory().tensorBytes
    tf.tidy(() => {
      const x = tf.complex(tf.ones([M]), tf.ones([M]))
      expect(wasmMemory().tensorBytes - start).toBe(4 * MIB)
      tf.clone(x)
      tf.tensor(new Uint8Array(100), [100], 'bool')
      tf.tensor(['some', 'words'])
      expect(wasmMemory().tensorBytes - start).toBe(4 * MIB + 100)
    })
  })
})
