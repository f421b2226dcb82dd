import { diskCheckpoints } from '@levin/checkpoints/node'
import { everySteps, type HostTensor, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { type BoringBatch, BoringModule, TestPlatform } from '@levin/testing'
import { Trainer } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import type { Tensor } from '@tensorflow/tfjs-core'
import { acceleratorOf, ddpAt, type Place } from './place.js'

/** A training of which every sample is noted. Plain data. */
export interface SamplePlan {
  readonly folder: string
  readonly samples: number
  /** Samples of a batch on each rank. */
  readonly batchSize: number
  readonly epochs: number
  readonly accumulate?: number
  readonly limitTrainBatches?: number
  /** The run is cut short after so many steps. */
  readonly maxSteps?: number
  readonly ckptPath?: string
  /** The loader knows no positions. */
  readonly unseekable?: boolean
}

export interface SampleOutcome {
  /** The samples of each batch on this rank. */
  readonly seen: readonly { readonly epoch: number; readonly batchIndex: number; readonly ids: readonly number[] }[]
  readonly clock: Readonly<Record<string, number>>
  readonly announced: string
  readonly parameters: readonly number[]
}

export const sampleBodies = {
  async samples(place: Place, plan: SamplePlan): Promise<SampleOutcome> {
    const seen: SampleOutcome['seen'][number][] = []
    class Noting extends BoringModule {
      override trainingStep(batch: BoringBatch & { id: Tensor }, step: TrainingStep) {
        seen.push({ epoch: step.epoch, batchIndex: step.batchIndex, ids: [...batch.id.dataSync()] })
        return super.trainingStep(batch, step)
      }
    }
    const module = new Noting()
    const platform = new TestPlatform({ tick: 1 })
    const trainer = new Trainer({
      accelerator: acceleratorOf(place.world),
      strategy: ddpAt(place),
      checkpointIO: diskCheckpoints(),
      platform,
      callbacks: [modelCheckpoint({ dirpath: plan.folder, every: everySteps(1), saveTopK: -1, filename: '{step}' })],
      maxEpochs: plan.epochs,
      ...(plan.maxSteps === undefined ? {} : { maxSteps: plan.maxSteps }),
      ...(plan.limitTrainBatches === undefined ? {} : { limitTrainBatches: plan.limitTrainBatches }),
      accumulateGradBatches: plan.accumulate ?? 1,
      seed: 7,
      loggers: false,
      enableProgressBar: false,
      enableModelSummary: false,
    })
    const loader = loaderOf(plan)
    const { clock } = await trainer.fit(
      module as BoringModule,
      { train: loader as never },
      plan.ckptPath === undefined ? {} : { ckptPath: plan.ckptPath },
    )
    const parameters = module.parameters().flatMap(({ value }) => [...value.dataSync()])
    module.dispose()
    return { seen, clock: { ...clock }, announced: platform.written, parameters }
  },
}

function loaderOf({ samples, batchSize, unseekable }: SamplePlan): DataLoader<{ x: HostTensor; id: HostTensor }> {
  const x = Array.from({ length: samples }, (_, row) => Array.from({ length: 8 }, (_, i) => Math.sin(row * 8 + i)))
  const id = Int32Array.from({ length: samples }, (_, row) => row)
  const loader = new DataLoader(fromArrays({ x, id }), { batchSize, shuffle: true })
  return unseekable ? (withoutPositions(loader as never) as never) : (loader as never)
}

/** A loader that can be divided, and read from its beginning only. */
const withoutPositions = (loader: DataLoader<never>): object => ({
  [Symbol.iterator]: () => loader[Symbol.iterator]?.(),
  batchCount: loader.batchCount,
  setEpoch: (epoch: number) => loader.setEpoch(epoch),
  setSeed: (seed: number) => loader.setSeed(seed),
  placeOf: (batch: never) => loader.placeOf(batch),
  shard: (shard: never) => withoutPositions(loader.shard(shard) as never),
})
