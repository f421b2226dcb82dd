import { type Callback, engineMemory, LevinError } from '@levin/core'
import { DataLoader, type fromArrays } from '@levin/data'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { relu } from '@tensorflow/tfjs-core'
import type { ZeroOptions } from '../../src/zero.js'
import { acceleratorOf, type Place } from './place.js'
import type { World } from './protocol.js'
import { zeroAt } from './zero-at.js'
import { MODELS, type ModelName, samplesFor } from './zero-models.js'

/** One rank fails somewhere in a step. */
export interface Failing {
  readonly options: ZeroOptions
  readonly rank: number
  readonly at: 'onBeforeBackward' | 'onAfterBackward' | 'onBeforeOptimizerStep' | 'onTrainBatchEnd' | 'collective'
}

export interface Failed {
  readonly message: string
  readonly code: string | undefined
  readonly updates: number
  readonly tensorsLeft: number
}

const options = {
  loggers: false,
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
} as const

/** Trains until a rank fails. */
export async function failZero({ options: zero, rank, at }: Failing, place: Place): Promise<Failed> {
  const accelerator = acceleratorOf(place.world)
  await accelerator.setup()
  const before = engineMemory().tensors
  const strategy = zeroAt(place, zero)
  const module = at === 'collective' ? MODELS.branching() : MODELS.gpt()
  let calls = 0
  let updates = 0
  const fail = () => {
    if (place.group.rank === rank && ++calls === 3) throw new Error('this rank fails')
  }
  const callback: Callback = {
    name: 'failing',
    onTrainBatchEnd: () => void updates++,
    ...(at === 'collective' ? {} : { [at]: fail }),
  }
  const data = samplesFor(at === 'collective' ? 'branching' : 'gpt', 40) as ReturnType<typeof fromArrays>
  try {
    await new Trainer({
      ...options,
      strategy,
      accelerator,
      platform: new TestPlatform({ tick: 1 }),
      maxSteps: 8,
      callbacks: [callback],
    }).fit(module as never, { train: new DataLoader(data, { batchSize: 4 }) } as never)
    return { message: 'nothing failed', code: undefined, updates, tensorsLeft: 0 }
  } catch (error) {
    strategy.fail?.(error)
    module.dispose()
    return {
      message: (error as Error).message,
      code: LevinError.isInstance(error) ? error.code : undefined,
      updates,
      tensorsLeft: engineMemory().tensors - before,
    }
  }
}

export interface Predicting {
  readonly model: ModelName
  readonly samples: number
  readonly options?: ZeroOptions
}

/** Predicts with initial weights: each rank its part, batch by batch. */
export async function predictZero({ model, samples, options: zero = {} }: Predicting, world: World, place?: Place) {
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const before = engineMemory().tensors
  const module = MODELS[model]()
  // Off the path of any layer: what a prediction reads there is gathered too.
  const predicting = Object.assign(module, {
    predictStep: ({ x }: { x: never }, step: never) => ({
      logits: module.logits(x, step),
      first: relu(module.parameters()[0]?.value as never),
    }),
  })
  const data = samplesFor(model, samples) as ReturnType<typeof fromArrays>
  const { predictions } = await new Trainer({
    ...options,
    ...(place ? { strategy: zeroAt(place, zero) } : {}),
    accelerator,
    platform: new TestPlatform({ tick: 1 }),
    seed: 3,
  }).predict(predicting as never, { predict: new DataLoader(data, { batchSize: 12 / world.size }) } as never)
  module.dispose()
  return { predictions: JSON.parse(JSON.stringify(predictions)), tensorsLeft: engineMemory().tensors - before }
}
