import { LevinError, portableRecipe } from '@levin/core'
import { requirePart } from '@levin/real-parts'
import { matMul, ones, tidy } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cpu, listDevices } from '../src/index.js'
import '../src/register.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function refusal(options: Parameters<typeof cpu>[0]): Promise<LevinError> {
  const error = await cpu(options)
    .setup()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    )
  if (LevinError.isInstance(error)) return error
  throw new Error(`Expected a LevinError, found ${error}.`)
}

async function detail(): Promise<string> {
  const device = (await listDevices()).find(({ name }) => name === 'cpu')
  if (!device?.usable) throw new Error('Expected a CPU that can be used.')
  return device.detail ?? ''
}

/** Depth 300 sixty-four times: what every kernel must get right. */
const expectRightProducts = () =>
  expect(new Set(tidy(() => matMul(ones([64, 300]), ones([300, 8])).dataSync()))).toEqual(new Set([300]))

describe('without a BLAS library', () => {
  it('trains on the wasm kernels, and the list of devices says what would bring one', async () => {
    vi.stubEnv('LEVIN_BLAS', '/nowhere/libopenblas.so')
    const accelerator = cpu()
    await accelerator.setup()
    expect(accelerator.fingerprint()).not.toContain('blas')
    expectRightProducts()
    expect(await detail()).toMatch(
      /no BLAS \(LEVIN_BLAS: '\/nowhere\/libopenblas\.so' was not found\); .* after: unset LEVIN_BLAS/,
    )
  })

  it('is what LEVIN_BLAS=off asks for, and the list of devices tells', async () => {
    vi.stubEnv('LEVIN_BLAS', 'off')
    const accelerator = cpu({ threads: 1 })
    await accelerator.setup()
    expect(accelerator.fingerprint()).not.toContain('blas')
    expect(await detail()).toContain('no BLAS (LEVIN_BLAS=off)')
  })

  it('refuses a library that was named and is not there', async () => {
    const error = await refusal({ blas: '/nowhere/libopenblas.so' })
    expect(error.code).toBe('LEVIN_UNAVAILABLE')
    expect(error.message).toContain("'/nowhere/libopenblas.so' was not found")
    expect(error.remedy).toBeTruthy()
  })

  it('refuses more than one thread, and says what has them', async () => {
    vi.stubEnv('LEVIN_BLAS', '/nowhere/libopenblas.so')
    const error = await refusal({ threads: 2 })
    expect(error).toMatchObject({ code: 'LEVIN_UNAVAILABLE' })
    expect(error.message).toMatch(/2 threads without a BLAS library: .*\/nowhere/)
    expect(error.remedy).toContain('LEVIN_BLAS')
    vi.stubEnv('LEVIN_BLAS', 'off')
    expect((await refusal({ threads: 2 })).remedy).toContain('Unset LEVIN_BLAS')
  })

  it('refuses threads where BLAS was turned off, when it is made', () => {
    expect(() => cpu({ blas: false, threads: 2 })).toThrow(/threads/)
    expect(() => cpu({ blas: false, threads: 1 })).not.toThrow()
  })
})

describe.runIf(requirePart('openblas'))('with OpenBLAS', () => {
  it('takes it by itself, with one thread', async () => {
    const accelerator = cpu()
    await accelerator.setup()
    expect(accelerator.fingerprint()).toMatch(/ blas\/OpenBLAS-\S+\/1-thread\/table-\w+$/)
    expect(accelerator.capabilities.threads).toBe(1)
    expectRightProducts()
    expect(await detail()).toMatch(/BLAS found: OpenBLAS \d+\.\d+\.\d+, 1 thread$/)
  })

  it('takes as many threads as it was asked for', async () => {
    const accelerator = cpu({ blas: 'libopenblas.so.0', threads: 2 })
    await accelerator.setup()
    expect(accelerator.capabilities).toMatchObject({ threads: 2, hostMemory: true })
    expect(accelerator.fingerprint()).toContain('/2-threads/')
    expectRightProducts()
  })

  it('refuses more threads than the library has, and says how many those are', async () => {
    expect((await refusal({ threads: 100_000 })).message).toMatch(/100000 threads: it has OpenBLAS \S+, \d+ threads/)
  })

  it('lets the accelerator that is set up last choose', async () => {
    const [one, other] = [cpu(), cpu({ blas: false })]
    await one.setup()
    await other.setup()
    expect(other.fingerprint()).not.toContain('blas')
    await one.setup()
    expect(one.fingerprint()).toContain('blas')
  })

  it('is part of the recipe that travels to workers', () => {
    const options = { blas: 'libopenblas.so.0', threads: 2 }
    expect(portableRecipe(cpu(options), 'The accelerator')).toEqual({ kind: 'accelerator', name: 'cpu', options })
    expect(portableRecipe(cpu({ blas: false }), 'The accelerator')?.options).toEqual({ blas: false })
  })
})
