import { WasmAccelerator } from '@levin/accelerators'
import { mean, type Scalar, type Tensor1D, type Tensor2D, zeros } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { type Accelerator, cpu, data, Module, nn, optim, Trainer, type TrainingStep } from '../src/index.js'

interface Digits extends Record<string, unknown> {
  readonly images: Tensor2D
  readonly labels: Tensor1D
}

class Classifier extends Module<Digits> {
  readonly net = nn.sequential(nn.linear(100, 16), nn.relu(), nn.linear(16, 10))
  trainingStep({ images, labels }: Digits, step: TrainingStep) {
    return nn.crossEntropy(this.net.forward(images, step), labels)
  }
  configureOptimizers() {
    return optim.adam(this.parameters(), { learningRate: 0.01 })
  }
}

const samples = 203
const digits = data.fromArrays({
  images: {
    data: Uint8Array.from({ length: samples * 100 }, (_, i) => (i * 7919) % 256),
    shape: [samples, 100],
    dtype: 'float32',
  },
  labels: Int32Array.from({ length: samples }, (_, i) => i % 10),
})

const quiet = {
  loggers: false,
  enableProgressBar: false,
  enableModelSummary: false,
  enableCheckpointing: false,
} as const

/** The parameters after three epochs. */
async function trained(accelerator: Accelerator, module = new Classifier()): Promise<number[]> {
  const train = new data.DataLoader(digits, { batchSize: 16, shuffle: true })
  await new Trainer({ ...quiet, accelerator, maxEpochs: 3 }).fit(module, { train })
  const parameters = module.parameters().flatMap(({ value }) => [...value.dataSync()])
  module.dispose()
  return parameters
}

const accelerator = cpu()

beforeAll(() => accelerator.setup())

const heapBytes = (): number => accelerator.memory().capacity as number

describe('a DataLoader that writes batches onto the heap of the cpu', () => {
  test('trains to the same bits as one whose batches are copied there, also when the heap grows', async () => {
    class Hungry extends Classifier {
      override trainingStep(batch: Digits, step: TrainingStep) {
        // More than the heap has, while the next batch lies on it already.
        if (step.batchIndex === 3 && step.epoch === 1) zeros([heapBytes() / 4]).dispose()
        return super.trainingStep(batch, step)
      }
    }
    const expected = await trained(Object.assign(cpu(), { stage: undefined }))
    const stage = vi.spyOn(WasmAccelerator.prototype, 'stage')
    const before = heapBytes()
    expect(await trained(accelerator, new Hungry())).toEqual(expected)
    expect(heapBytes()).toBeGreaterThan(before)
    expect(stage).toHaveBeenCalledTimes(2 * 3 * Math.ceil(samples / 16))
    stage.mockRestore()
  })

  test('leaves nothing on the heap, whether runs end early or fail', async () => {
    // Each batch takes 4 MiB: one that stayed in each of these runs would show.
    const large = data.fromArrays({ images: { data: new Float32Array(40 * 2 ** 15), shape: [40, 2 ** 15] } })
    class Ending extends Module<Digits> {
      readonly net = nn.linear(2 ** 15, 1)
      fails = true
      trainingStep({ images }: Digits, step: TrainingStep) {
        if (this.fails) throw new Error('on purpose')
        return mean<Scalar>(this.net.forward(images, step))
      }
      configureOptimizers() {
        return optim.sgd(this.parameters(), { learningRate: 0.01 })
      }
    }
    const run = async (fails: boolean) => {
      const module = Object.assign(new Ending(), { fails })
      const train = new data.DataLoader(large, { batchSize: 32 }) as data.DataLoader<never>
      const fitting = new Trainer({ ...quiet, accelerator, maxSteps: 1 }).fit(module, { train })
      if (fails) await expect(fitting).rejects.toThrow('on purpose')
      else await fitting
      module.dispose()
    }
    const both = async () => {
      await run(true)
      await run(false)
    }
    await both()
    const before = heapBytes()
    for (let i = 0; i < 20; i++) await both()
    expect(heapBytes()).toBe(before)
  })
})
