import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import {
  kernelFingerprint,
  kernelTable,
  prepareKernels,
  registerKernels,
  restoreKernels,
  wasmMemory,
} from '@levin/kernels'
import { afterEach, describe, expect, it } from 'vitest'

const stock = new Map(tf.getKernelsForBackend('wasm').map((config) => [config.kernelName, config.kernelFunc]))
const current = (name: string) =>
  tf.getKernelsForBackend('wasm').find(({ kernelName }) => kernelName === name)?.kernelFunc

afterEach(() => {
  restoreKernels()
})

describe('before the backend is initialised', () => {
  it('the memory cannot be asked for, and the error says what to call', () => {
    expect(() => wasmMemory()).toThrow(/await tf.setBackend\('wasm'\)/)
  })

  it('registering kernels does not start it, so that another backend can be used meanwhile', async () => {
    registerKernels()
    await tf.setBackend('cpu')
    expect(tf.ones([2]).arraySync()).toEqual([1, 1])
    expect(tf.engine().registry).not.toHaveProperty('wasm')
    restoreKernels()
  })

  it('kernels can be registered, and are used', async () => {
    registerKernels()
    await tf.setBackend('wasm')
    tf.tidy(() => {
      expect(tf.matMul(tf.ones([2, 3]), tf.ones([4, 3]), false, true).arraySync()).toEqual([
        [3, 3, 3, 3],
        [3, 3, 3, 3],
      ])
    })
  })

  it('the stock kernels still work when they are put back afterwards', () => {
    tf.tidy(() => {
      expect(tf.matMul(tf.ones([2, 3]), tf.ones([3, 1])).arraySync()).toEqual([[3], [3]])
    })
  })
})

describe('registerKernels', () => {
  it('replaces exactly the kernels of the table, once, however often it is called', () => {
    const names = kernelTable.map(({ name }) => name)
    expect(registerKernels()).toEqual(names)
    const ours = names.map(current)
    expect(registerKernels()).toEqual(names)
    expect(names.map(current)).toEqual(ours)
    for (const name of names) expect(current(name), name).not.toBe(stock.get(name))
  })

  it('leaves the others to whoever registered them', () => {
    const calls: unknown[] = []
    const kernelFunc: tf.KernelFunc = ({ attrs }) => {
      calls.push(attrs)
      return []
    }
    tf.registerKernel({ kernelName: 'Foreign', backendName: 'wasm', kernelFunc })
    try {
      registerKernels({ only: ['Slice'] })
      tf.engine().runKernel('Foreign', {}, { size: 3 })
      expect(calls).toEqual([{ size: 3 }])
    } finally {
      restoreKernels()
      expect(current('Foreign')).toBe(kernelFunc)
      tf.unregisterKernel('Foreign', 'wasm')
    }
  })

  it('says of each kernel whether it is new', () => {
    for (const { name, gain } of kernelTable) expect(gain.startsWith('new'), name).toBe(!stock.has(name))
  })

  it('takes a few by name', () => {
    expect(registerKernels({ only: ['Slice', 'Einsum'] })).toEqual(
      ['Slice', 'Einsum'].sort((a, b) => order(a) - order(b)),
    )
    expect(registerKernels()).toHaveLength(kernelTable.length)
    restoreKernels()
    expect(current('Slice')).toBe(stock.get('Slice'))
  })

  it('names an unknown kernel, and an unknown build', () => {
    expect(() => registerKernels({ only: ['MatMul'] })).toThrow(/BatchMatMul.*found MatMul/)
    expect(() => registerKernels({ simd: 'avx' as 'simd' })).toThrow(/'auto', 'simd', 'relaxed-simd', found 'avx'/)
    expect(current('Slice')).toBe(stock.get('Slice'))
  })
})

describe('restoreKernels', () => {
  it('puts back what was there, and removes what was not', () => {
    registerKernels()
    restoreKernels()
    for (const { name } of kernelTable) expect(current(name), name).toBe(stock.get(name))
    restoreKernels()
  })
})

describe('prepareKernels', () => {
  it('binds the kernels ahead of their first use, and refuses another backend', async () => {
    registerKernels()
    await prepareKernels()
    await prepareKernels(tf.backend())
    await expect(prepareKernels({})).rejects.toThrow(/Expected the backend of @tensorflow\/tfjs-backend-wasm/)
  })
})

describe('wasmMemory', () => {
  it('reports the heap as it grows, and the workspace that is kept', () => {
    registerKernels()
    tf.tidy(() => void tf.matMul(tf.ones([300, 300]), tf.ones([300, 300])))
    const before = wasmMemory()
    expect(before.workspaceBytes).toBeGreaterThan(300 * 300 * 4)
    const large = tf.zeros([64 * 1024 * 1024])
    const after = wasmMemory()
    large.dispose()
    expect(after.heapBytes - before.heapBytes).toBeGreaterThan(200 * 2 ** 20)
    expect(wasmMemory().heapBytes).toBe(after.heapBytes)
    expect(after.heapBytes).toBeLessThan(after.limitBytes)
  })

  it('is not exceeded in silence: a tensor too large is refused by name', () => {
    registerKernels()
    tf.tidy(() => {
      const call = () => tf.matMul(tf.ones([65_536, 1]), tf.ones([1, 65_536]))
      expect(call).toThrow(
        /room for 17179869184 bytes \(16 GiB\).*float32 tensor of shape \[65536, 65536\], in the kernel BatchMatMul/,
      )
      expect(tf.matMul(tf.ones([2, 2]), tf.ones([2, 1])).arraySync()).toEqual([[2], [2]])
    })
  })

  it('keeps one workspace over many calls', () => {
    registerKernels()
    const call = () => tf.tidy(() => void tf.matMul(tf.ones([64, 500]), tf.ones([64, 500]), false, true))
    call()
    const { workspaceBytes, heapBytes } = wasmMemory()
    for (let n = 0; n < 1_000; n++) call()
    expect(wasmMemory()).toMatchObject({ workspaceBytes, heapBytes })
  })
})

describe('kernelFingerprint', () => {
  it('names version, build, hash and tfjs, and changes with the build', () => {
    registerKernels({ simd: 'simd' })
    expect(kernelFingerprint()).toMatch(/^levin-kernels\/\d+\.\d+\.\d+ simd\/[0-9a-f]{16} tfjs\/4\.\d+\.\d+$/)
    expect(kernelFingerprint()).toBe(kernelFingerprint())
  })
})

function order(name: string): number {
  return kernelTable.findIndex((row) => row.name === name)
}
