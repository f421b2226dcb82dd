import { type Accelerator, everySteps, hostTensor, LevinError, type Module } from '@levin/core'
import { BoringModule, boringBatches, MemoryCheckpoints } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { backend, matMul, type Tensor2D, tidy } from '@tensorflow/tfjs-core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

const destroy = (): void => (backend() as unknown as { device: GPUDevice }).device.destroy()

async function failure(action: () => unknown): Promise<LevinError> {
  try {
    await action()
  } catch (error) {
    if (LevinError.isInstance(error)) return error
    throw error
  }
  throw new Error('Expected a LevinError, and nothing was thrown.')
}

const matrix = (accelerator: Accelerator): Tensor2D =>
  accelerator.upload(
    hostTensor(
      Float32Array.from({ length: 4096 }, (_, i) => i),
      [64, 64],
    ),
  ) as Tensor2D

describe.runIf(hasAdapter())('a device that is lost', () => {
  it('fails reads that wait for it, and everything after them, and can be regained', async () => {
    const accelerator = webgpu()
    await accelerator.setup()
    const heard: string[] = []
    accelerator.onLost?.((reason) => heard.push(reason))
    const x = matrix(accelerator)
    const product = tidy(() => matMul(x, x))
    const reading = product.data()
    destroy()
    expect((await failure(() => reading)).code).toBe('LEVIN_DEVICE_LOST')
    expect((await failure(() => tidy(() => matMul(x, x)))).message).toContain('was lost')
    expect((await failure(() => product.data())).code).toBe('LEVIN_DEVICE_LOST')
    expect((await failure(() => matrix(accelerator))).code).toBe('LEVIN_DEVICE_LOST')
    expect(heard).toHaveLength(1)
    x.dispose()
    product.dispose()
    await accelerator.regain?.()
    const again = matrix(accelerator)
    expect((await again.data())[5]).toBe(5)
    again.dispose()
    await accelerator.teardown()
    expect(heard).toHaveLength(1)
  })

  it('is not said to be lost when it is torn down', async () => {
    const accelerator = webgpu()
    await accelerator.setup()
    const listener = vi.fn()
    accelerator.onLost?.(listener)
    await accelerator.teardown()
    expect(listener).not.toHaveBeenCalled()
  })
})

describe.runIf(hasAdapter())('a run whose device is lost', () => {
  const modules: Module[] = []
  afterEach(() => {
    for (const module of modules.splice(0)) module.dispose()
  })

  /** Trains 8 steps of which the device survives `losesAt` only the first time. */
  async function run({ losesAt, ...options }: { losesAt?: number; maxRestarts?: number; saves?: boolean }) {
    const { saves = true, maxRestarts = 0 } = options
    const module = new BoringModule()
    modules.push(module)
    let lost = false
    const steps: number[] = []
    const trainer = new Trainer({
      accelerator: webgpu(),
      seed: 5,
      maxSteps: 8,
      maxRestarts,
      checkpointIO: new MemoryCheckpoints(),
      enableProgressBar: false,
      enableModelSummary: false,
      enableCheckpointing: saves,
      loggers: false,
      callbacks: [
        ...(saves ? [modelCheckpoint({ every: everySteps(2), dirpath: 'kept', saveTopK: -1 })] : []),
        {
          name: 'loses',
          onTrainBatchStart: (_batch, _index, context) => {
            steps.push(context.clock.globalStep)
            if (lost || context.clock.globalStep !== losesAt) return
            lost = true
            destroy()
          },
        },
      ],
    })
    const result = await trainer.fit(module, { train: boringBatches({ batches: 8 }) })
    const weights = await Promise.all(module.parameters().map(async ({ value }) => [...(await value.data())]))
    return { result, weights, steps }
  }

  it('fails at once, and names the last checkpoint', async () => {
    const error = await failure(() => run({ losesAt: 5 }))
    expect(error.code).toBe('LEVIN_DEVICE_LOST')
    expect(error.message).toMatch(/The last checkpoint is 'kept\/.*step=4.*': continue with ckptPath/)
  })

  it('says so where nothing was saved, even if it may start again', async () => {
    const error = await failure(() => run({ losesAt: 5, maxRestarts: 1, saves: false }))
    expect(error.message).toContain('No checkpoint was saved')
  })

  it('goes on from the last checkpoint on the device regained, to the same end', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    const undisturbed = await run({})
    const disturbed = await run({ losesAt: 5, maxRestarts: 1 })
    warn.mockRestore()
    write.mockRestore()
    expect(disturbed.result.status).toBe('completed')
    expect(disturbed.weights).toEqual(undisturbed.weights)
    // Step 4 was in the checkpoint, step 5 was begun twice.
    expect(disturbed.steps.filter((step) => step === 3)).toHaveLength(1)
    expect(disturbed.steps.filter((step) => step === 5)).toHaveLength(2)
  })
})
