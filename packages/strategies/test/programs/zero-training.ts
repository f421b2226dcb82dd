import { diskCheckpoints } from '@levin/checkpoints/node'
import {
  type Callback,
  engineMemory,
  type GradientClipping,
  type Module,
  type Parameter,
  SingleDevice,
  type Strategy,
} from '@levin/core'
import { DataLoader, type fromArrays } from '@levin/data'
import { TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import type { ZeroOptions } from '../../src/zero.js'
import { acceleratorOf, ddpAt, type Place } from './place.js'
import type { World } from './protocol.js'
import { zeroAt } from './zero-at.js'
import { type Batch, MODELS, type ModelName, samplesFor } from './zero-models.js'

/** A training on data parts of which may be uneven or empty. Plain data. */
export interface ZeroTraining {
  readonly model: ModelName
  readonly steps: number
  /** Samples of a batch, over all ranks. */
  readonly batchSize: number
  /** Samples of an epoch. The last batch holds what is left. */
  readonly samples: number
  readonly accumulate?: number
  readonly clipping?: GradientClipping
  /** Default: zero, or one device where there is no group. */
  readonly strategy?: 'ddp' | 'zero'
  readonly options?: ZeroOptions
  /** The first layer of `net` is frozen before this epoch. */
  readonly unfreezeAt?: number
  /** A checkpoint to go on from. */
  readonly from?: string | undefined
  /** Where one is saved at the end. */
  readonly to?: string | undefined
}

/** What one rank saw of it. */
export interface ZeroTrained {
  /** Of each batch: the loss of this rank's part, and how much it counts. */
  readonly losses: readonly { readonly loss: number; readonly weight: number }[]
  /** After each batch: a digest of the parameters, as they are held. */
  readonly digests: readonly number[]
  /** At the end. Whole, on rank 0. */
  readonly parameters: readonly (readonly [path: string, values: Float32Array])[]
  readonly validation: number | undefined
  readonly tensorsLeft: number
}

/** Trains as one rank of a world, or alone where there is no group. */
export async function trainZero(training: ZeroTraining, world: World, place?: Place): Promise<ZeroTrained> {
  const { model, steps, batchSize, samples, accumulate = 1, clipping, from, to, unfreezeAt = 0 } = training
  const accelerator = acceleratorOf(world)
  await accelerator.setup()
  const before = engineMemory().tensors
  const strategy = strategyFor(training, place)
  const module: Module<Batch> = MODELS[model]()
  const notes = new Notes(strategy, module, to)
  const loader = () =>
    new DataLoader(samplesFor(model, samples) as ReturnType<typeof fromArrays>, {
      batchSize: batchSize / world.size,
      shuffle: true,
    })
  try {
    const result = await new Trainer({
      strategy,
      accelerator,
      platform: new TestPlatform({ tick: 1 }),
      maxSteps: steps,
      maxEpochs: -1,
      accumulateGradBatches: accumulate,
      ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
      callbacks: [notes.callback, freezing(module, unfreezeAt)],
      checkpointIO: diskCheckpoints(),
      loggers: false,
      enableCheckpointing: false,
      enableProgressBar: false,
      enableModelSummary: false,
      seed: 3,
    }).fit(module, { train: loader(), validate: loader() } as never, from ? { ckptPath: from } : {})
    module.dispose()
    return {
      losses: notes.losses,
      digests: notes.digests,
      parameters: notes.parameters,
      validation: result.metrics['val/loss'],
      tensorsLeft: engineMemory().tensors - before,
    }
  } catch (error) {
    strategy.fail?.(error)
    throw error
  } finally {
    module.dispose()
  }
}

function strategyFor({ strategy, options = {} }: ZeroTraining, place: Place | undefined): Strategy {
  if (!place) return new SingleDevice()
  return strategy === 'ddp' ? ddpAt(place) : zeroAt(place, options)
}

function freezing(module: Module, until: number): Callback {
  const [first, second] = module.parameters() as [Parameter, Parameter]
  return {
    name: 'freezing',
    onTrainEpochStart({ clock }) {
      for (const parameter of [first, second]) parameter.trainable = clock.epoch >= until
    },
  }
}

class Notes {
  readonly losses: { loss: number; weight: number }[] = []
  readonly digests: number[] = []
  readonly parameters: (readonly [path: string, values: Float32Array])[] = []
  readonly callback: Callback

  constructor(strategy: Strategy, module: Module, to: string | undefined) {
    const { losses, digests, parameters } = this
    this.callback = {
      name: 'notes',
      async onTrainBatchEnd({ loss, weight }) {
        losses.push({ loss: (await loss?.data())?.[0] ?? Number.NaN, weight })
        digests.push(digest(module))
      },
      async onTrainEnd(run) {
        if (to) await run.saveCheckpoint(to)
        for await (const { name, data } of strategy.modelState(module))
          parameters.push([name, (await data()) as Float32Array])
      },
    }
  }
}

function digest(module: Module): number {
  let hash = 7
  for (const { value } of module.parameters()) {
    const values = value.dataSync<'float32'>().slice()
    for (const word of new Uint32Array(values.buffer)) hash = (Math.imul(hash ^ word, 0x9e3779b1) << 7) ^ (hash >>> 3)
  }
  return hash
}
