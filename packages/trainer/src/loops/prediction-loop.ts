import { type HostTensor, hostTensor, isTensor, type Loader, type NumericData, type StepPosition } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { BatchSource, countBatches } from '../batches/batch-source.js'
import { BatchTransfer } from '../batches/batch-transfer.js'
import { stagedBatches } from '../batches/staged-batches.js'
import type { Run } from '../run/run.js'
import type { BatchLimit } from '../trainer-options.js'
import { emptyLoader, NOTHING } from './evaluation-loop.js'
import { requireSynchronous } from './loss.js'
import { Pace } from './pace.js'
import { PredictionScope } from './prediction-scope.js'

export interface PredictionOptions {
  readonly loaders: readonly Loader[]
  readonly limit: BatchLimit
  /** `false`: predictions go to hooks only, for data whose predictions do not fit in memory. */
  readonly keep: boolean
}

/** Runs `predictStep` over every loader; what it returns is read to the host, batch by batch. */
export class PredictionLoop {
  readonly #run: Run
  readonly #options: PredictionOptions
  readonly #transfer: BatchTransfer

  constructor(run: Run, options: PredictionOptions) {
    this.#run = run
    this.#options = options
    this.#transfer = new BatchTransfer(run)
  }

  /** One list of predictions per loader. */
  async run(): Promise<unknown[][]> {
    const { hooks } = this.#run
    this.#run.phase = 'predict'
    const { loaders, limit } = this.#options
    const counts = loaders.map((loader, i) => countBatches(loader, limit, `limitPredictBatches (loader ${i})`))
    this.#run.limits = { ...this.#run.limits, evaluationBatches: counts }
    await hooks.call('onPredictStart', this.#run)
    await hooks.call('onPredictEpochStart', this.#run)
    const predictions: unknown[][] = []
    for (let index = 0; index < loaders.length; index++)
      predictions.push(await this.#loader(index, counts[index] ?? Infinity))
    await hooks.call('onPredictEpochEnd', this.#run)
    await hooks.call('onPredictEnd', this.#run)
    return predictions
  }

  async #loader(index: number, limit: number): Promise<unknown[]> {
    const loader = this.#options.loaders[index] as Loader
    this.#run.dataloaderIndex = index
    const source = await new BatchSource(limit === 0 ? NOTHING : loader, limit, stagedBatches(this.#run)).start()
    const isWhole = this.#run.strategy.dataShard.count === 1
    if (limit > 0 && !source.hasNext && (isWhole || limit !== Infinity))
      throw emptyLoader('predict', index, this.#options.loaders.length)
    const pace = await Pace.of(this.#run, limit)
    const predictions: unknown[] = []
    let firstSample = 0
    try {
      for (let batchIndex = 0; await pace.goesOn(batchIndex, source.hasNext); batchIndex++) {
        // The others have more batches.
        if (!source.hasNext) continue
        const transferred = this.#transfer.transfer(await source.take(), source, index)
        try {
          const { batch, place } = transferred
          const position = { batchIndex, firstSample: firstSample + place.first, globalBatchSize: place.total }
          const prediction = await this.#batch(batch, position, index)
          if (this.#options.keep) predictions.push(prediction)
        } finally {
          transferred.release()
        }
        firstSample += transferred.place.total
        await this.#run.turns.take()
      }
    } finally {
      await source.close()
    }
    return predictions
  }

  async #batch(
    batch: unknown,
    place: Pick<StepPosition, 'batchIndex' | 'firstSample' | 'globalBatchSize'>,
    index: number,
  ): Promise<unknown> {
    const { hooks, strategy, module, accelerator, clock, options } = this.#run
    const { batchIndex } = place
    await hooks.call('onPredictBatchStart', batch, batchIndex, this.#run)
    const step = new PredictionScope(
      {
        seed: options.seed,
        mode: 'predict',
        globalStep: clock.globalStep,
        epoch: clock.epoch,
        microBatch: 0,
        ...place,
      },
      {
        intercept: strategy.intercept,
        sharing: strategy.sharing,
        drawUniform: accelerator.drawUniform?.bind(accelerator),
      },
      index,
    )
    const output = await strategy.evaluate(() => {
      const result: unknown = module.predictStep ? module.predictStep(batch, step) : module.forward(batch, step)
      requireSynchronous(result, module, 'predictStep')
      return result
    })
    const prediction = await toHost(output)
    await hooks.call('onPredictBatchEnd', prediction, batch, batchIndex, this.#run)
    return prediction
  }
}

/** Reads every tensor in a prediction to the host and frees it. */
async function toHost(value: unknown): Promise<unknown> {
  if (isTensor(value)) return readTensor(value)
  if (Array.isArray(value)) return Promise.all(value.map(toHost))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).map(async ([key, item]) => [key, await toHost(item)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function readTensor(tensor: Tensor): Promise<HostTensor> {
  try {
    return hostTensor((await tensor.data()).slice() as NumericData, tensor.shape)
  } finally {
    tensor.dispose()
  }
}
