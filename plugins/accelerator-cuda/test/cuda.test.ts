// No GPU is at hand: the real binding on TensorFlow's library for the CPU, said to be that for GPUs. What is tested is all
// that is ours; what CUDA computes is not.
import { createRequire } from 'node:module'
import { requirePart } from '@levin/real-parts'
import { acceleratorCases } from '@levin/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cuda } from '../src/index.js'

const seen: (string | undefined)[] = []

/** The package as imported, with a device that says of itself whether it is a GPU. */
const pretended = (isUsingGpuDevice: boolean) => async () => {
  seen.push(process.env['CUDA_VISIBLE_DEVICES'], process.env['CUDA_DEVICE_ORDER'])
  const { backend } = createRequire(import.meta.url)('@tensorflow/tfjs-node') as { backend(): object }
  Object.assign(backend(), { isGPUPackage: true, isUsingGpuDevice })
}

describe.runIf(requirePart('tensorflow-binding'))('the accelerator cuda', () => {
  beforeAll(() => void vi.stubEnv('CUDA_VISIBLE_DEVICES', '5,3'))
  afterAll(() => void vi.unstubAllEnvs())

  it('is refused where TensorFlow finds no GPU, with what is wrong', async () => {
    await expect(cuda({ lib: pretended(false) }).setup(0)).rejects.toThrow(
      /'cuda' cannot run here: .*@tensorflow\/tfjs-node-gpu is not installed.* npm install/,
    )
  })

  it('shows TensorFlow one GPU while it starts, and everything to what starts later', () => {
    expect(seen).toEqual(['5', 'PCI_BUS_ID'])
    expect(process.env['CUDA_VISIBLE_DEVICES']).toBe('5,3')
    expect(process.env['CUDA_DEVICE_ORDER']).toBeUndefined()
  })

  it('is one GPU per process', async () => {
    await pretended(true)()
    await cuda().setup(0)
    await cuda().setup(0)
    await expect(cuda().setup(1)).rejects.toThrow(/computes on GPU 0, and cannot change to GPU 1.*one process per GPU/i)
  })

  it('has a fingerprint that names the library and the precision of products', () => {
    expect(cuda().fingerprint()).toMatch(/^cuda\/2\.\d+\.\d+\/unknown-gpu\/tf32$/)
    vi.stubEnv('NVIDIA_TF32_OVERRIDE', '0')
    expect(cuda().fingerprint()).toMatch(/\/float32$/)
  })

  describe('as the Trainer and the strategies rely on it', () => {
    for (const { name, run } of acceleratorCases({ create: () => cuda(), plugin: cuda })) it(name, run)
  })
})
