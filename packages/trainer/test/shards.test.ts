import '@tensorflow/tfjs-backend-cpu'
import { type EvaluationStep, engineMemory, SingleDevice, type StepContext, type TrainingStep } from '@levin/core'
import { type BoringBatch, BoringLoader, BoringModule } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { quietTrainer, RowLogger } from './support.js'

type Position = readonly [mode: string, firstSample: number, globalBatchSize: number, samples: number]

class Positions extends BoringModule {
  readonly seen: Position[] = []

  override trainingStep(batch: BoringBatch, step: TrainingStep) {
    this.#note(batch, step)
    const loss = this.loss(batch, step)
    step.log('loss', loss, { onEpoch: true })
    return loss
  }

  override validationStep(batch: BoringBatch, step: EvaluationStep) {
    this.#note(batch, step)
    step.log('val/loss', this.loss(batch, step))
  }

  override predictStep(batch: BoringBatch, step: StepContext) {
    this.#note(batch, step)
    return 0 as never
  }

  #note({ x }: BoringBatch, { mode, firstSample, globalBatchSize }: StepContext): void {
    this.seen.push([mode, firstSample, globalBatchSize, x.shape[0]])
  }
}

/** What one of so many ranks sees of the data; the others are not there, and nothing is communicated. */
async function seenBy(rank: number, count: number, lastBatchSize: number) {
  const before = engineMemory()
  const strategy = Object.assign(new SingleDevice(), { dataShard: { rank, count } })
  const loader = () => new BoringLoader({ batches: 3, batchSize: 4, lastBatchSize })
  const logger = new RowLogger()
  const module = new Positions()
  const trainer = quietTrainer({ strategy, accumulateGradBatches: 2, loggers: [logger] })
  const { clock } = await trainer.fit(module, { train: loader(), validate: loader() })
  await trainer.predict(module, { predict: loader() })
  const values = module.parameters().flatMap(({ value }) => [...value.dataSync()])
  module.dispose()
  expect(engineMemory()).toEqual(before)
  const of = (mode: string) => module.seen.filter(([each]) => each === mode).map(([, ...rest]) => rest)
  return { clock, train: of('train'), validate: of('validate'), predict: of('predict'), logger, values }
}

describe('a shard of the data', () => {
  test('knows the place of each batch in the window, whatever its share of the last one', async () => {
    const [first, second] = [await seenBy(0, 2, 3), await seenBy(1, 2, 3)]
    expect(first.train).toEqual([
      [0, 4, 2],
      [4, 4, 2],
      [0, 3, 1],
    ])
    expect(second.train).toEqual([
      [2, 4, 2],
      [6, 4, 2],
      [1, 3, 2],
    ])
    for (const { clock } of [first, second]) expect(clock).toMatchObject({ totalSamples: 11, globalStep: 2 })
  })

  test('goes on counting over the batches of an evaluation or prediction', async () => {
    const { validate, predict } = await seenBy(1, 2, 3)
    expect(validate).toEqual([
      [2, 4, 2],
      [6, 4, 2],
      [9, 3, 2],
    ])
    expect(predict).toEqual(validate)
    expect((await seenBy(0, 1, 3)).validate.map(([firstSample]) => firstSample)).toEqual([0, 4, 8])
  })

  test('may be empty: its loss is nothing, and neither an error nor a logged NaN', async () => {
    const { train, logger, values } = await seenBy(0, 2, 1)
    expect(train[2]).toEqual([0, 1, 0])
    expect(logger.of('loss_epoch').every(([, value]) => Number.isFinite(value))).toBe(true)
    expect(logger.of('loss_epoch')).toHaveLength(1)
    expect(logger.of('val/loss').every(([, value]) => Number.isFinite(value))).toBe(true)
    expect(values.every(Number.isFinite)).toBe(true)
  })
})
