import { type Accelerator, engineMemory, hostTensor, LevinError } from '@levin/core'
import { add, fill, matMul, reshape, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

const MIB = 2 ** 20

describe.runIf(hasAdapter())('memory of the device', () => {
  let accelerator: Accelerator | undefined
  const kept: Tensor[] = []
  afterEach(async () => {
    for (const tensor of kept.splice(0)) tensor.dispose()
    await accelerator?.teardown()
    expect(engineMemory().tensors).toBe(0)
  })

  async function open(memoryBudget?: number): Promise<Accelerator> {
    accelerator = webgpu({ memoryBudget })
    await accelerator.setup()
    return accelerator
  }

  const statistics = async (): Promise<Record<string, number>> => ({ ...(await accelerator?.statistics()) })
  const upload = (elements: number): Tensor => {
    const tensor = accelerator?.upload(hostTensor(new Float32Array(elements).fill(1), [elements])) as Tensor
    kept.push(tensor)
    return tensor
  }

  function refusal(action: () => unknown): LevinError {
    try {
      action()
    } catch (error) {
      if (LevinError.isInstance(error, 'LEVIN_OUT_OF_MEMORY')) return error
      throw error
    }
    throw new Error('Expected LEVIN_OUT_OF_MEMORY, and nothing was thrown.')
  }

  it('is told: what is used, the most of it, and what the pool keeps', async () => {
    await open()
    const x = upload(MIB / 4)
    expect((await statistics())['memory/usedBytes']).toBe(MIB)
    const sum = tidy(() => add(x, x))
    await sum.data()
    sum.dispose()
    const after = await statistics()
    expect(after['memory/usedBytes']).toBe(MIB)
    expect(after['memory/peakBytes']).toBeGreaterThanOrEqual(2 * MIB)
    expect(after['memory/pooledBuffers']).toBeGreaterThanOrEqual(1)
    expect(accelerator?.memory()).toMatchObject({ bytes: MIB, tensors: 1 })
  })

  it('ends at the budget, with an error that names the tensor, what is used and what to do', async () => {
    await open(4 * MIB)
    upload((3 * MIB) / 4)
    const error = refusal(() => upload(MIB / 2))
    expect(error.message).toContain('a float32 tensor of shape [524288]')
    expect(error.message).toContain('budget of 4194304 bytes (4.00 MiB)')
    expect(error.message).toContain('3145728 bytes (3.00 MiB) in use')
    expect(error.remedy).toContain('smaller batch')
    // Nothing has changed by it.
    expect((await upload(4).data())[3]).toBe(1)
  })

  it('names the kernel whose result did not fit', async () => {
    await open(2 * MIB)
    const x = upload(1024)
    const error = refusal(() =>
      tidy(() => matMul(reshape(x, [1024, 1]) as Tensor2D, reshape(x, [1, 1024]) as Tensor2D)),
    )
    expect(error.message).toMatch(/float32 tensor of shape \[1, 1024, 1024\], in the kernel MatMul/)
  })

  it('gives pooled memory back for a tensor of another size', async () => {
    await open(4 * MIB)
    for (const elements of [MIB / 4, MIB / 4 + 64, MIB / 4 + 128]) {
      const x = upload(elements)
      const sum = tidy(() => add(x, 1))
      expect((await sum.data())[0]).toBe(2)
      sum.dispose()
      x.dispose()
    }
    expect((await statistics())['memory/allocatedBytes']).toBeLessThanOrEqual(4 * MIB)
  })

  it('has a limit for one tensor, which is told', async () => {
    await open()
    const limit = (await statistics())['webgpu/maxBufferBytes'] as number
    const error = refusal(() => tidy(() => fill([limit / 4 + 1], 1)))
    expect(error.message).toContain('No buffer of this GPU may be larger than')
  })
})
