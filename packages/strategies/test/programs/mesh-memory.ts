import type { Callback, Strategy } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { TestPlatform } from '@levin/testing'
import { Trainer, type TrainerOptions } from '@levin/trainer'
import type { MeshOptions } from '../../src/mesh.js'
import { MeasuringStrategy } from '../../src/planner/measure/measuring-strategy.js'
import type { MeasuredModel } from '../../src/planner/measured-model.js'
import { Gpt, type GptSizes } from './mesh-models.js'
import { meshAt } from './mesh-training.js'
import { acceleratorOf, type Place } from './place.js'

/** What is measured: a GPT that is trained on one window of batches again and again. */
export interface MeshMemoryTrial {
  readonly sizes: GptSizes
  /** Samples of a micro-batch of one data rank. */
  readonly batchSize: number
  readonly microBatches: number
  readonly steps: number
  readonly options: MeshOptions
}

export interface MeshMemoryUsed {
  /** Most bytes in use at one time on this rank's heap. */
  readonly peak: number
  /** Elements of parameters that this rank has. */
  readonly held: number
  /** Of each step, where this rank sees it. */
  readonly losses: readonly number[]
}

/** Trains as one rank, and says what it took. */
export async function meshMemoryUsed(trial: MeshMemoryTrial, place: Place): Promise<MeshMemoryUsed> {
  const strategy = meshAt(place, trial.options)
  const accelerator = acceleratorOf(place.world)
  const module = new Gpt(false, trial.sizes)
  const losses: number[] = []
  let held = 0
  const notes: Callback = {
    name: 'notes',
    onTrainStart() {
      held = module.parameters().reduce((sum, { value }) => sum + value.size, 0)
    },
    async onTrainBatchEnd({ loss }) {
      losses.push((await loss?.data())?.[0] ?? Number.NaN)
    },
  }
  try {
    await train(trial, module, strategy, { accelerator, callbacks: [notes], maxEpochs: trial.steps })
    return { peak: accelerator.memory().peak ?? Number.NaN, held, losses: meansOf(losses, trial.microBatches) }
  } catch (error) {
    strategy.fail?.(error)
    throw error
  } finally {
    module.dispose()
  }
}

/** What the planner measures of the same. */
export async function measureGpt(trial: MeshMemoryTrial): Promise<MeasuredModel> {
  const { plan } = trial.options
  const strategy = new MeasuringStrategy({ runs: 1, ...(plan ? { plan } : {}) })
  const module = new Gpt(false, trial.sizes)
  try {
    const accelerator = acceleratorOf({ size: 1 })
    await train(trial, module, strategy, { accelerator, maxEpochs: 1, limitTrainBatches: 1 })
    return strategy.measured
  } finally {
    module.dispose()
  }
}

function train(
  { sizes, batchSize, microBatches, options }: MeshMemoryTrial,
  module: Gpt,
  strategy: Strategy,
  parts: TrainerOptions,
) {
  const { time, vocabulary } = sizes
  // Every data rank has a whole window of its own.
  const samples = batchSize * microBatches * (options.data ?? 1)
  const text = Int32Array.from({ length: samples * time }, (_, at) => (7 * at) % vocabulary)
  const tokens = { data: text, shape: [samples, time] }
  const loader = new DataLoader(fromArrays({ x: tokens, y: tokens }), { batchSize })
  return new Trainer({
    ...parts,
    strategy,
    platform: new TestPlatform({ tick: 1 }),
    accumulateGradBatches: microBatches,
    limitValBatches: 0,
    loggers: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    seed: 1,
  }).fit(module as never, { train: loader } as never)
}

const meansOf = (values: readonly number[], each: number): number[] =>
  Array.from({ length: values.length / each }, (_, step) => {
    const own = values.slice(step * each, (step + 1) * each)
    return own.reduce((sum, value) => sum + value, 0) / each
  })
