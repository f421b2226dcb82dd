import '@tensorflow/tfjs-backend-cpu'
import { type EvaluationStep, never, type TrainingStep } from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches, TestPlatform } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { EarlyStopping, type EarlyStoppingOptions } from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { quietTrainer, refusal } from './support.js'

/** Logs a given value per epoch. */
class Scripted extends BoringModule {
  readonly #scores: readonly number[]
  readonly #where: 'train' | 'validate'

  constructor(scores: readonly number[], where: 'train' | 'validate' = 'validate') {
    super()
    this.#scores = scores
    this.#where = where
  }

  override trainingStep(batch: BoringBatch, step: TrainingStep) {
    if (this.#where === 'train') step.log('score', this.#scores[step.epoch] ?? 0, { onStep: false, onEpoch: true })
    return this.loss(batch, step)
  }

  override validationStep(_batch: BoringBatch, step: EvaluationStep) {
    if (this.#where === 'validate') step.log('score', this.#scores[step.epoch] ?? 0)
  }
}

async function stopped(
  scores: readonly number[],
  options: Omit<EarlyStoppingOptions, 'monitor'>,
  more: TrainerOptions = {},
  where?: 'train',
) {
  const callback = new EarlyStopping({ monitor: 'score', ...options })
  const module = new Scripted(scores, where)
  const data = { train: boringBatches({ batches: 2 }), validate: boringBatches({ batches: 1 }) }
  const result = await quietTrainer({ callbacks: [callback], maxEpochs: scores.length, ...more }).fit(module, data)
  module.dispose()
  return { callback, result, epochs: result.clock.epoch }
}

describe('earlyStopping', () => {
  test('waits for so many checks without improvement', async () => {
    const { result, epochs, callback } = await stopped([5, 4, 4, 4.5, 3, 9, 9], { patience: 2 })
    expect({ epochs, best: callback.bestScore, waited: callback.waitCount }).toEqual({ epochs: 4, best: 4, waited: 2 })
    expect(result).toMatchObject({
      status: 'stopped',
      reason: 'earlyStopping',
      message: "'score' has not got better than 4 for 2 checks",
    })
    expect(callback.stoppedEpoch).toBe(3)
    expect((await stopped([5, 6, 5, 4, 6, 6, 3], { patience: 3 })).result.status).toBe('completed')
  })

  test('judges each fit of a Trainer by itself', async () => {
    const callback = new EarlyStopping({ monitor: 'score', patience: 2 })
    const trainer = quietTrainer({ callbacks: [callback], maxEpochs: 4 })
    const data = { train: boringBatches({ batches: 2 }), validate: boringBatches({ batches: 1 }) }
    const epochs: number[] = []
    for (const scores of [
      [1, 2, 3, 4],
      [9, 8, 7, 6],
    ]) {
      const module = new Scripted(scores)
      epochs.push((await trainer.fit(module, data)).clock.epoch)
      module.dispose()
    }
    expect(epochs).toEqual([3, 4])
    expect({ best: callback.bestScore, stopped: callback.stoppedEpoch }).toEqual({ best: 6, stopped: undefined })
  })

  test('patience 0 ends at the first check without improvement', async () => {
    expect((await stopped([5, 4, 4, 3], { patience: 0 })).epochs).toBe(3)
  })

  test('mode max looks for more', async () => {
    expect((await stopped([1, 2, 3, 3, 3], { mode: 'max', patience: 2 })).epochs).toBe(5)
    expect((await stopped([3, 2, 1, 9], { mode: 'max', patience: 2 })).epochs).toBe(3)
  })

  test('minDelta is the least improvement that counts', async () => {
    expect((await stopped([5, 4.95, 4.9, 4.8], { patience: 2, minDelta: 0.2 })).epochs).toBe(3)
    expect((await stopped([5, 4.75, 4.5, 4.25], { patience: 2, minDelta: 0.2 })).result.status).toBe('completed')
  })

  test('stoppingThreshold ends a run that is good enough', async () => {
    const { result, epochs } = await stopped([5, 2, 1, 0], { stoppingThreshold: 2 })
    expect(epochs).toBe(2)
    expect(result).toMatchObject({ reason: 'earlyStopping', message: "'score' reached 2" })
  })

  test('divergenceThreshold ends a run that went wrong', async () => {
    const { result, epochs } = await stopped([5, 11, 1], { divergenceThreshold: 10 })
    expect(epochs).toBe(2)
    expect(result).toMatchObject({ message: "'score' diverged to 11" })
  })

  test('a value that is not finite ends the run, unless checkFinite is false', async () => {
    const { result, epochs } = await stopped([5, Number.NaN, 1], {})
    expect(epochs).toBe(2)
    expect(result).toMatchObject({ reason: 'nonFiniteMetric', message: "'score' became NaN" })
    expect((await stopped([5, Number.NaN, 1], { checkFinite: false })).result.status).toBe('completed')
  })

  test('counts each new value once, wherever it is logged', async () => {
    // Falling all the time: whoever takes an old value for a new one sees no improvement.
    for (const where of [undefined, 'train'] as const)
      expect((await stopped([6, 5, 4, 3, 2, 1], { patience: 1 }, {}, where)).result.status).toBe('completed')
    const { callback } = await stopped([1, 2, 3], { patience: 9 }, {}, 'train')
    expect(callback.waitCount).toBe(2)
  })

  test('without strict, a metric that nobody logs is let pass', async () => {
    const options = { valCheckInterval: never() }
    await refusal(() => stopped([1], {}, options), 'LEVIN_METRIC_NOT_FOUND')
    expect((await stopped([1], { strict: false }, options)).result.status).toBe('completed')
  })

  test('says why it stops', async () => {
    const platform = new TestPlatform()
    await stopped([1, 2], { patience: 1 }, { platform })
    expect(platform.written).toBe("Stopping: 'score' has not got better than 1 for 1 checks.\n")
  })
})
