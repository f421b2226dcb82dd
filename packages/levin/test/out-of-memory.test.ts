import { engine, memory, type Tensor2D } from '@tensorflow/tfjs-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeHeapScarce } from '../../kernels/test/heap-states.js'
import {
  cpu,
  data,
  type EvaluationStep,
  LevinError,
  Module,
  nn,
  optim,
  Trainer,
  type TrainingStep,
} from '../src/index.js'

const MIB = 2 ** 20
const SAMPLES = 16_384
const INPUTS = 256

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly y: Tensor2D
}

class Regression extends Module<Points> {
  readonly net = nn.sequential(nn.linear(INPUTS, 1024), nn.relu(), nn.linear(1024, 1))
  trainingStep({ x, y }: Points, step: TrainingStep) {
    return nn.mse(this.net.forward(x, step), y)
  }
  validationStep({ x, y }: Points, step: EvaluationStep) {
    step.log('val/mse', nn.mse(this.net.forward(x, step), y))
  }
  configureOptimizers() {
    return optim.adam(this.parameters(), { learningRate: 1e-3 })
  }
}

const points = data.fromArrays({
  x: { data: Float32Array.from({ length: SAMPLES * INPUTS }, (_, i) => Math.sin(i)), shape: [SAMPLES, INPUTS] },
  y: { data: Float32Array.from({ length: SAMPLES }, (_, i) => Math.cos(i)), shape: [SAMPLES, 1] },
})
const batches = (batchSize: number) => new data.DataLoader(points, { batchSize, shuffle: true })
const accelerator = cpu()
const trainer = (options = {}) =>
  new Trainer({
    accelerator,
    maxEpochs: 1,
    limitTrainBatches: 4,
    limitValBatches: 2,
    loggers: false,
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    ...options,
  })

async function failure(run: Promise<unknown>): Promise<LevinError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (LevinError.isInstance(error, 'LEVIN_OUT_OF_MEMORY')) return error
  throw new Error(`Expected an error of LEVIN_OUT_OF_MEMORY, found ${error}.`, { cause: error })
}

describe('a run on a heap that cannot grow', () => {
  const module = new Regression()
  let undo: () => void
  let alive: object
  const state = () => ({ tensors: memory().numTensors, buffers: engine().backend.numDataIds() })

  beforeAll(async () => {
    await accelerator.setup()
    module.build({ seed: 1 })
    alive = state()
  })
  beforeEach(() => {
    undo = makeHeapScarce(engine().backend, 40 * MIB)
  })
  afterEach(() => {
    undo()
    expect(state()).toEqual(alive)
  })
  afterAll(() => module.dispose())

  it('fails with the kernel’s name where a batch is too large, and goes on with a smaller one', async () => {
    const error = await failure(trainer().fit(module, { train: batches(SAMPLES), validate: batches(256) }))
    expect(error.message).toMatch(/float32 tensor of shape \[.*16384, 1024\], in the kernel \w+\).*smaller batch/s)
    expect(state()).toEqual(alive)

    const result = await trainer().fit(module, { train: batches(512), validate: batches(256) })
    expect(result.status).toBe('completed')
    expect(result.metrics['val/mse']).toBeGreaterThan(0)
    expect(accelerator.memory().peak).toBeLessThan(40 * MIB)
  })

  it('fails while it evaluates, and validates with smaller batches', async () => {
    const large = trainer().validate(module, { validate: batches(SAMPLES) })
    expect((await failure(large)).message).toContain('in the kernel')
    expect(state()).toEqual(alive)
    await trainer().validate(module, { validate: batches(256) })
  })

  it('fails by name where the batch itself cannot be uploaded', async () => {
    undo()
    undo = makeHeapScarce(engine().backend, 12 * MIB)
    const error = await failure(trainer({ numSanityValSteps: 0 }).fit(module, { train: batches(SAMPLES) }))
    expect(error.message).toContain('(float32 tensor of shape [16384, 256], an upload)')
  })
})
