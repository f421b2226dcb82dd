import '@tensorflow/tfjs-backend-cpu'
import { anyOf, atEnd, type EvaluationStep, everyEpochs, everyMinutes, everySteps } from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches, MemoryCheckpoints, TestPlatform } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { ModelCheckpoint, type ModelCheckpointOptions } from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { quietTrainer, RowLogger } from './support.js'

class Scored extends BoringModule {
  readonly #scores: readonly number[]

  constructor(scores: readonly number[]) {
    super()
    this.#scores = scores
  }

  override validationStep(_batch: BoringBatch, step: EvaluationStep) {
    step.log('val/score', this.#scores[step.epoch] ?? 0)
  }
}

async function saved(
  options: ModelCheckpointOptions,
  scores: readonly number[] = [3, 1, 2],
  more: TrainerOptions = {},
) {
  const checkpointIO = (more.checkpointIO as MemoryCheckpoints | undefined) ?? new MemoryCheckpoints()
  const callback = new ModelCheckpoint({ dirpath: 'c', ...options })
  const module = new Scored(scores)
  const data = { train: boringBatches({ batches: 4 }), validate: boringBatches({ batches: 1 }) }
  const trainer = quietTrainer({ checkpointIO, callbacks: [callback], maxEpochs: scores.length, ...more })
  const result = await trainer.fit(module, data)
  module.dispose()
  return { checkpointIO, callback, result, locations: checkpointIO.locations.sort() }
}

describe('modelCheckpoint', () => {
  test('keeps the newest without a metric, and points last at it', async () => {
    const { locations, checkpointIO, result } = await saved({})
    expect(locations).toEqual(['c/epoch=2-step=12'])
    expect(await checkpointIO.resolve('c', 'last')).toBe('c/epoch=2-step=12')
    expect(result).toMatchObject({ bestCheckpoint: 'c/epoch=2-step=12', lastCheckpoint: 'c/epoch=2-step=12' })
  })

  test('keeps the best by a metric, and the newest beside it', async () => {
    const { locations, callback, result } = await saved({ monitor: 'val/score' })
    expect(locations).toEqual(['c/epoch=1-step=8', 'c/epoch=2-step=12'])
    expect(callback.bestModelScore).toBe(1)
    expect(result).toMatchObject({ bestCheckpoint: 'c/epoch=1-step=8', lastCheckpoint: 'c/epoch=2-step=12' })
    expect((await saved({ monitor: 'val/score', mode: 'max' })).result.bestCheckpoint).toBe('c/epoch=0-step=4')
    expect((await saved({ monitor: 'val/score', saveLast: false })).locations).toEqual(['c/epoch=1-step=8'])
  })

  test('what an earlier run saved to the same folder is not overwritten, and the pointers follow the newer run', async () => {
    const { checkpointIO, locations } = await saved({}, [3])
    const later = await saved({}, [3], { checkpointIO })
    expect(locations).toEqual(['c/epoch=0-step=4'])
    expect(later.locations).toEqual(['c/epoch=0-step=4', 'c/epoch=0-step=4-v1'])
    expect(await checkpointIO.resolve('c', 'last')).toBe('c/epoch=0-step=4-v1')
    expect(await checkpointIO.resolve('c', 'best')).toBe('c/epoch=0-step=4-v1')
  })

  test('of two runs that take one name at the same moment, the later one takes another', async () => {
    // Both have looked before either has saved.
    class Racing extends MemoryCheckpoints {
      #looks = 0
      override async exists(location: string) {
        return ++this.#looks > 2 && super.exists(location)
      }
    }
    const checkpointIO = new Racing()
    const first = await saved({ monitor: 'val/score' }, [3], { checkpointIO })
    const second = await saved({ monitor: 'val/score' }, [5], { checkpointIO })
    expect(first.result.bestCheckpoint).toBe('c/epoch=0-step=4')
    expect(second.result.bestCheckpoint).toBe('c/epoch=0-step=4-v1')
    for (const { result, score } of [
      { ...first, score: 3 },
      { ...second, score: 5 },
    ])
      expect((await checkpointIO.load(result.bestCheckpoint as string)).trainer['metrics']).toEqual({
        'val/score': score,
      })
  })

  test('a second fit by the same Trainer has its own best, and leaves the first one’s alone', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const options = { monitor: 'val/score', filename: '{val/score}', autoInsertMetricName: false }
    const trainer = quietTrainer({ checkpointIO, maxEpochs: 2, callbacks: [new ModelCheckpoint(options)] })
    const data = { train: boringBatches({ batches: 4 }), validate: boringBatches({ batches: 1 }) }
    const modules = [new Scored([1, 2]), new Scored([5, 7])] as const
    const first = await trainer.fit(modules[0], data)
    const second = await trainer.fit(modules[1], data)
    for (const module of modules) module.dispose()
    expect(first).toMatchObject({ bestCheckpoint: 'runs/checkpoints/1', lastCheckpoint: 'runs/checkpoints/2' })
    expect(second).toMatchObject({ bestCheckpoint: 'runs/checkpoints/5', lastCheckpoint: 'runs/checkpoints/7' })
    expect(checkpointIO.locations.sort()).toEqual(['1', '2', '5', '7'].map((name) => `runs/checkpoints/${name}`))
  })

  test('a run that goes on elsewhere still knows the best, and leaves what is in the folder where it was begun', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const train = async (logDir: string, scores: readonly number[], ckptPath?: string) => {
      const logger = Object.assign(new RowLogger(), { logDir })
      const callbacks = [new ModelCheckpoint({ monitor: 'val/score' })]
      const trainer = quietTrainer({ checkpointIO, loggers: [logger], callbacks, maxEpochs: scores.length })
      const module = new Scored(scores)
      const data = { train: boringBatches({ batches: 4 }), validate: boringBatches({ batches: 1 }) }
      const result = await trainer.fit(module, data, ckptPath === undefined ? {} : { ckptPath })
      module.dispose()
      return result
    }
    await train('first', [3, 5])
    const kept = ['first/checkpoints/epoch=0-step=4', 'first/checkpoints/epoch=1-step=8']
    expect(checkpointIO.locations).toEqual(kept)
    const worse = await train('second', [3, 5, 4, 6], kept[1])
    expect(worse.bestCheckpoint).toBe(kept[0])
    const better = await train('third', [3, 5, 1, 2], kept[1])
    expect(better.bestCheckpoint).toBe('third/checkpoints/epoch=2-step=12')
    expect(checkpointIO.locations).toEqual([
      ...kept,
      'second/checkpoints/epoch=3-step=16',
      'third/checkpoints/epoch=2-step=12',
      'third/checkpoints/epoch=3-step=16',
    ])
  })

  test("'last' is that of the fit before, also for the Trainer's next one", async () => {
    const checkpointIO = new MemoryCheckpoints()
    const callback = new ModelCheckpoint()
    const logger = Object.assign(new RowLogger(), { logDir: 'first' })
    const trainer = quietTrainer({ checkpointIO, loggers: [logger], callbacks: [callback], maxEpochs: 2 })
    const data = { train: boringBatches({ batches: 4 }) }
    const module = new BoringModule()
    await trainer.fit(module, data)
    // As a new run has a new folder.
    logger.logDir = 'second'
    const result = await trainer.fit(module, data, { ckptPath: 'last' })
    module.dispose()
    expect(result.clock).toMatchObject({ epoch: 2, globalStep: 8 })
  })

  test.each<[number, string[]]>([
    [2, ['c/epoch=1-step=8', 'c/epoch=3-step=16', 'c/epoch=4-step=20']],
    [0, ['c/epoch=4-step=20']],
    [-1, [0, 1, 2, 3, 4].map((epoch) => `c/epoch=${epoch}-step=${4 * (epoch + 1)}`)],
  ])('saveTopK: %i', async (saveTopK, expected) => {
    const { locations, callback } = await saved({ monitor: 'val/score', saveTopK }, [5, 1, 4, 2, 9])
    expect(locations).toEqual(expected.sort())
    if (saveTopK === 2) expect([...callback.bestKModels.values()]).toEqual([1, 2])
  })

  test('NaN is worse than everything', async () => {
    expect((await saved({ monitor: 'val/score' }, [Number.NaN, 3, Number.NaN])).result.bestCheckpoint).toBe(
      'c/epoch=1-step=8',
    )
  })

  test.each<[string, string]>([
    ['{epoch}-{step}', 'c/epoch=0-step=4'],
    ['best-{val/score:.2f}', 'c/best-val_score=0.33'],
    ['{epoch}-{val/score}', 'c/epoch=0-val_score=0.3333333432674408'],
    ['{nobody}', 'c/nobody=0'],
    ['plain', 'c/plain'],
  ])('names %s', async (filename, expected) => {
    expect((await saved({ filename }, [Math.fround(1 / 3)])).locations).toEqual([expected])
  })

  test('leaves names out of names', async () => {
    const options = { filename: 'e{epoch}_{val/score:.1f}', autoInsertMetricName: false }
    expect((await saved(options, [0.25])).locations).toEqual(['c/e0_0.3'])
  })

  test('a name that does not change never overwrites a better checkpoint by a worse one', async () => {
    const { result, checkpointIO } = await saved({ monitor: 'val/score', filename: 'best' }, [3, 1, 2])
    expect((await checkpointIO.load(result.bestCheckpoint as string)).facts.globalStep).toBe(8)
    expect((await checkpointIO.load(result.lastCheckpoint as string)).facts.globalStep).toBe(12)
  })

  test.each<[string, ModelCheckpointOptions['every'], number[]]>([
    ['everyEpochs(2)', everyEpochs(2), [8]],
    ['everySteps(5)', everySteps(5), [5, 10]],
    ['atEnd()', atEnd(), [12]],
    ['anyOf()', anyOf(everySteps(3), atEnd()), [3, 6, 9, 12]],
  ])('saves %s', async (_name, every, steps) => {
    const { checkpointIO } = await saved({ every: every as never, saveTopK: -1, filename: '{step}' })
    expect(checkpointIO.log).toEqual(steps.map((step) => `save c/step=${step}`))
  })

  test('everyMinutes by the platform’s clock', async () => {
    const platform = new TestPlatform()
    const pass = { name: 'pass', onTrainBatchStart: () => platform.advance(15_000) }
    const checkpointIO = new MemoryCheckpoints()
    const callback = new ModelCheckpoint({ dirpath: 'c', every: everyMinutes(1), saveTopK: -1, filename: '{step}' })
    const module = new Scored([1])
    await quietTrainer({ checkpointIO, callbacks: [pass, callback], platform }).fit(module, {
      train: boringBatches({ batches: 9 }),
    })
    module.dispose()
    expect(checkpointIO.log).toEqual(['save c/step=4', 'save c/step=8'])
  })

  test('a step’s checkpoint waits for validation if its metric is not there yet', async () => {
    const { checkpointIO, callback } = await saved(
      { every: everySteps(3), monitor: 'val/score', saveTopK: -1, filename: '{step}' },
      [7, 6],
    )
    expect(checkpointIO.log).toEqual(['save c/step=4', 'save c/step=6'])
    expect(callback.bestKModels.get('c/step=4')).toBe(7)
  })

  test('of weights only holds no optimizer', async () => {
    const { checkpointIO, locations } = await saved({ saveWeightsOnly: true }, [1])
    const stored = await checkpointIO.load(locations[0] as string)
    expect(stored.optimizer).toBeUndefined()
    expect(stored.facts).toMatchObject({ weightsOnly: true, module: 'Scored', globalStep: 4 })
    expect([...stored.model.keys()]).toEqual(['layer.weight', 'layer.bias'])
  })

  test('a save that fails ends the run, and leaves what it knew', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const callback = new ModelCheckpoint({ dirpath: 'c' })
    const fill = {
      name: 'fill',
      onTrainEpochStart: (run: { clock: { epoch: number } }) => {
        if (run.clock.epoch === 1) checkpointIO.failure = new Error('ENOSPC: no space left')
      },
    }
    const module = new Scored([1])
    const trainer = quietTrainer({ checkpointIO, callbacks: [fill, callback], maxEpochs: 3 })
    await expect(trainer.fit(module, { train: boringBatches() })).rejects.toThrow('ENOSPC: no space left')
    module.dispose()
    expect(callback.lastModelPath).toBe('c/epoch=0-step=4')
    expect(checkpointIO.locations).toEqual(['c/epoch=0-step=4'])
  })

  test('is there by default where checkpoints can be stored, below the folder of the run; loggers hear of it', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const logger = Object.assign(new RowLogger(), { logDir: 'runs/x/version_0' })
    const run = async (options: TrainerOptions) => {
      const module = new Scored([1])
      const result = await quietTrainer({ checkpointIO, ...options }).fit(module, { train: boringBatches() })
      module.dispose()
      return result.lastCheckpoint
    }
    expect(await run({ loggers: [logger] })).toBe('runs/x/version_0/checkpoints/epoch=0-step=4')
    expect(logger.checkpoints).toEqual(['runs/x/version_0/checkpoints/epoch=0-step=4'])
    expect(await run({ defaultRootDir: 'elsewhere' })).toBe('elsewhere/checkpoints/epoch=0-step=4')
    expect(await run({ enableCheckpointing: false })).toBeUndefined()
  })

  test('says each save with verbose', async () => {
    const platform = new TestPlatform()
    await saved({ verbose: true, monitor: 'val/score' }, [0.5], { platform })
    expect(platform.written).toBe('Saved c/epoch=0-step=4 (val/score 0.5).\n')
  })
})
