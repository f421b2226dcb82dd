import { fileURLToPath } from 'node:url'
import { hostTensor, LevinError, portableRecipe, recipeOf } from '@levin/core'
import { getBackend, matMul, memory, setBackend, tidy, zeros } from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { cpu } from '../src/index.js'

const PACKAGE = fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url))

async function refusal(action: Promise<unknown>): Promise<LevinError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (LevinError.isInstance(error)) return error
  throw new Error(`Expected a LevinError, found ${error}.`)
}

describe('before anything is set up', () => {
  it('has not imported the backend, so that importing the package costs nothing', () => {
    expect(getBackend()).not.toBe('wasm')
    expect(cpu().memory().capacity).toBeUndefined()
  })

  it('names the file where wasmPaths leads nowhere, and can still be set up afterwards', async () => {
    const error = await refusal(cpu({ wasmPaths: '/nowhere/' }).setup())
    expect(error.code).toBe('LEVIN_UNAVAILABLE')
    expect(error.message).toContain("'/nowhere/tfjs-backend-wasm-simd.wasm'")
    expect(error.message).toContain('wasmPaths')
  })

  it('says what to do where the backend cannot be imported', async () => {
    const error = await refusal(cpu({ lib: () => Promise.reject(new Error('no such module')) }).setup())
    expect(error.code).toBe('LEVIN_UNAVAILABLE')
    expect(error.message).toContain('@tensorflow/tfjs-backend-wasm')
    expect((error.cause as Error).message).toBe('no such module')
  })

  it.each([{ wasmPaths: 3 }, { lib: 'tfjs' }, { threads: 0 }, { threads: 1.5 }, { blas: true }, { blas: '' }])(
    'refuses the options %j',
    (options) => {
      expect(() => cpu(options as never)).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
    },
  )
})

describe('once it is set up', () => {
  const accelerator = cpu()
  const listeners = () => [...process.listeners('unhandledRejection'), ...process.listeners('uncaughtException')]

  beforeAll(async () => {
    const before = listeners()
    const setWasmPaths = vi.fn()
    // A library of the caller's is asked for the paths, and imports the same backend.
    await cpu({
      wasmPaths: PACKAGE,
      lib: async () => {
        const library = await import('@tensorflow/tfjs-backend-wasm')
        return { setWasmPaths: setWasmPaths.mockImplementation(library.setWasmPaths) }
      },
    }).setup()
    expect(setWasmPaths).toHaveBeenCalledExactlyOnceWith(PACKAGE)
    expect(listeners()).toEqual(before)
    await accelerator.setup()
  })

  afterEach(() => {
    expect(memory().numTensors).toBe(0)
  })

  it('computes on the wasm backend with the kernels of levin', () => {
    expect(getBackend()).toBe('wasm')
    expect(accelerator.fingerprint()).toMatch(/levin-kernels.*tfjs/)
    const product = tidy(() =>
      matMul(
        accelerator.upload(hostTensor(new Float32Array([1, 2, 3, 4]), [2, 2])),
        [
          [1, 0],
          [0, 1],
        ],
        true,
      ).arraySync(),
    )
    expect(product).toEqual([
      [1, 3],
      [2, 4],
    ])
  })

  it('is set up again at no cost, for any worker, and takes the lead back from another backend', async () => {
    await accelerator.setup(3)
    await import('@tensorflow/tfjs-backend-cpu')
    await setBackend('cpu')
    await accelerator.setup()
    expect(getBackend()).toBe('wasm')
  })

  it.each([-1, 0.5, Number.NaN])('refuses to be worker %d', async (index) => {
    expect(await refusal(accelerator.setup(index))).toMatchObject({ code: 'LEVIN_BAD_OPTION' })
  })

  it.each([
    ['float32', new Float32Array([1.5, -2, 3])],
    ['int32', new Int32Array([1, -2, 3])],
    ['bool', new Uint8Array([1, 0, 1])],
  ] as const)('uploads a copy of %s values, whose array may be used again', (dtype, data) => {
    const values = [...data]
    const staging = data.slice()
    const uploaded = accelerator.upload({ data: staging, shape: [3], dtype })
    staging.fill(0)
    expect(uploaded.dtype).toBe(dtype)
    expect([...uploaded.dataSync()]).toEqual(values)
    uploaded.dispose()
  })

  it('uploads part of an array by its view', () => {
    const whole = new Float32Array([0, 1, 2, 3])
    const uploaded = accelerator.upload(hostTensor(whole.subarray(1, 3), [2, 1]))
    expect([...uploaded.dataSync()]).toEqual([1, 2])
    uploaded.dispose()
  })

  it('stages on its heap, what is too large for that excepted', () => {
    const staged = accelerator.stage?.([2, 2], 'float32')
    staged?.data.set([1, 2, 3, 4])
    // Which grows the heap, so that the memory of it moves.
    zeros([(accelerator.memory().capacity as number) / 4]).dispose()
    const uploaded = accelerator.upload(staged as never)
    expect([...uploaded.dataSync()]).toEqual([1, 2, 3, 4])
    uploaded.dispose()
    expect(accelerator.stage?.([2 ** 12, 2 ** 12, 2], 'float32')).toBeUndefined()
  })

  it('reports the heap as its capacity, which follows what tensors need', () => {
    const before = accelerator.memory()
    expect(before).toMatchObject({ tensors: 0, bytes: 0 })
    const large = zeros([64, 1024, 1024])
    const after = accelerator.memory()
    expect(after.bytes).toBe(64 * 2 ** 22)
    expect(after.capacity).toBeGreaterThanOrEqual(after.bytes)
    expect(after.capacity).toBeGreaterThan(before.capacity as number)
    large.dispose()
  })

  it('reports the most bytes that were in use since its setup', async () => {
    await accelerator.setup()
    const start = accelerator.memory().peak as number
    tidy(() => void matMul(zeros([512, 512]), zeros([512, 512])))
    const { bytes, peak = 0 } = accelerator.memory()
    expect(bytes).toBe(0)
    // Three matrices, and what the product needs beside them.
    expect(peak - start).toBeGreaterThanOrEqual(3 * 2 ** 20)
    expect(peak - start).toBeLessThan(6 * 2 ** 20)
    expect(accelerator.statistics()).toMatchObject({ 'memory/peakBytes': peak })
    await accelerator.setup()
    expect(accelerator.memory().peak).toBeLessThan(peak - 2 * 2 ** 20)
  })

  it('reads the load of the process in units that the names tell', () => {
    accelerator.statistics()
    const until = performance.now() + 30
    while (performance.now() < until);
    const statistics = accelerator.statistics() as Record<string, number>
    expect(Object.keys(statistics)).toEqual([
      'cpu/percent',
      'cpu/loadAverage1Minute',
      'memory/residentBytes',
      'memory/freeBytes',
      'memory/tensors',
      'memory/tensorBytes',
      'memory/peakBytes',
      'memory/heapBytes',
    ])
    expect(statistics['cpu/percent']).toBeGreaterThan(0)
    expect(statistics['memory/residentBytes']).toBeGreaterThan(2 ** 24)
  })

  it('takes logged values without a copy of the tensor', () => {
    const sink = accelerator.createScalarSink()
    const slot = sink.slot({ reduction: 'sum' })
    const value = accelerator.upload(hostTensor(new Float32Array([2.5]), []))
    sink.write(slot, value, 2)
    value.dispose()
    expect(sink.read([slot])).toMatchObject([{ weight: 2, values: Float64Array.of(5) }])
    sink.dispose()
  })

  it('counts workers, not processors, when devices are asked for', () => {
    expect(accelerator.parseDevices?.(5)).toEqual([0, 1, 2, 3, 4])
    expect(accelerator.parseDevices?.('auto')).toEqual([0])
    expect(accelerator.deviceCount()).toBeGreaterThan(0)
  })
})

describe('its recipe', () => {
  it('travels with paths, and refuses to travel with a function', () => {
    expect(portableRecipe(cpu({ wasmPaths: '/wasm/' }), 'The accelerator')).toEqual({
      kind: 'accelerator',
      name: 'cpu',
      options: { wasmPaths: '/wasm/' },
    })
    const byHand = cpu({ lib: () => import('@tensorflow/tfjs-backend-wasm') })
    expect(recipeOf(byHand)).toBeDefined()
    expect(() => portableRecipe(byHand, 'The accelerator')).toThrow(/options\.lib \(a function\) is not JSON/)
  })
})
