import '@tensorflow/tfjs-backend-cpu'
import { engineMemory, type GradientClipping, hostTensor, type Loader } from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches } from '@levin/testing'
import { type Rank, tensor2d } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { Trainer } from '../src/index.js'

const quiet = { enableProgressBar: false, enableModelSummary: false, loggers: false } as const

/** Remembers what it was trained and validated on. */
class Watching extends BoringModule {
  readonly seen: string[] = []
  trainingStep(batch: BoringBatch, step: Parameters<BoringModule['trainingStep']>[1]) {
    this.seen.push(`train ${batch.x.dataSync()[0]?.toFixed(3)}`)
    return super.trainingStep(batch, step)
  }
  validationStep(batch: BoringBatch, step: Parameters<BoringModule['validationStep']>[1]) {
    this.seen.push(`validate ${batch.x.dataSync()[0]?.toFixed(3)}`)
    super.validationStep(batch, step)
  }
}

/** Another order in each epoch; fresh tensors or host tensors. */
function shuffling(asTensors: boolean): Loader<{ x: never }> {
  let epoch = 0
  return {
    batchCount: 6,
    setEpoch: (value) => {
      epoch = value
    },
    *[Symbol.iterator]() {
      for (let i = 0; i < 6; i++) {
        const values = Float32Array.from({ length: 8 }, (_, j) => i * 10 + epoch + j)
        yield { x: (asTensors ? tensor2d(values, [1, 8]) : hostTensor<Rank.R2>(values, [1, 8])) as never }
      }
    },
  }
}

test.each([false, true])(
  'overfitBatches trains and validates on the same batches, however the loader shuffles (tensors: %s)',
  async (asTensors) => {
    const before = engineMemory()
    const module = new Watching({ learningRate: 1e-5 })
    const trainer = new Trainer({ ...quiet, maxEpochs: 2, overfitBatches: 2, numSanityValSteps: 0 })
    await trainer.fit(module, { train: shuffling(asTensors) })
    const epoch = ['train 0.000', 'train 10.000', 'validate 0.000', 'validate 10.000']
    expect(module.seen).toEqual([...epoch, ...epoch])
    module.dispose()
    expect(engineMemory()).toEqual(before)
  },
)

test("a module's own clipping replaces the Trainer's", async () => {
  const asked: (GradientClipping | undefined)[] = []
  class Unclipped extends BoringModule {
    configureGradientClipping(_optimizer: unknown, gradients: never, clipping: GradientClipping | undefined) {
      asked.push(clipping)
      return gradients
    }
  }
  const weights = async (module: BoringModule, gradientClipVal?: number) => {
    const clip = gradientClipVal === undefined ? {} : { gradientClipVal }
    await new Trainer({ ...quiet, maxSteps: 1, ...clip }).fit(module, { train: boringBatches() })
    const values = module.parameters().flatMap((parameter) => [...parameter.value.dataSync()])
    module.dispose()
    return values
  }
  const free = await weights(new BoringModule())
  expect(await weights(new Unclipped(), 1e-9)).toEqual(free)
  expect(asked).toEqual([{ algorithm: 'norm', value: 1e-9 }])
  expect(await weights(new BoringModule(), 1e-9)).not.toEqual(free)
})
