import '@tensorflow/tfjs-backend-cpu'
import { anyOf, atEnd, everyEpochs, everyMinutes, everySteps, never } from '@levin/core'
import { BoringLoader, BoringModule, boringBatches, HookTranscript, recordHooks, TestPlatform } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { earlyStopping, modelCheckpoint } from '../src/callbacks.js'
import { Trainer, type TrainerOptions } from '../src/index.js'
import '@levin/testing/vitest'
import { LossRecorder, quietTrainer, RowLogger, refusal, trainedParameters } from './support.js'

const data = () => ({ train: new BoringLoader({ batches: 10 }), validate: new BoringLoader({ batches: 5 }) })

/** Fits, and counts what the module did. */
async function counts(options: TrainerOptions, given: Record<string, unknown> = data()) {
  const transcript = new HookTranscript()
  const module = recordHooks(new BoringModule(), transcript)
  const result = await quietTrainer(options).fit(module, given as never)
  module.dispose()
  return {
    result,
    transcript,
    train: transcript.count('trainingStep'),
    validate: transcript.count('validationStep'),
    validations: transcript.count('onValidationEnd'),
  }
}

/** Steps after which validation ran. */
async function validatedAt(options: TrainerOptions, platform = new TestPlatform({ tick: 1 })): Promise<number[]> {
  const steps: number[] = []
  const note = {
    name: 'note',
    onValidationEnd: (run: { clock: { globalStep: number } }) => void steps.push(run.clock.globalStep),
  }
  const module = new BoringModule()
  await quietTrainer({ ...options, platform, callbacks: [note, ...(options.callbacks ?? [])] }).fit(module, data())
  module.dispose()
  return steps
}

describe('limits', () => {
  test.each([
    ['a count', { limitTrainBatches: 3, limitValBatches: 2 }, 3, 2],
    ['a count above the length', { limitTrainBatches: 300, limitValBatches: 200 }, 10, 5],
    ['a fraction', { limitTrainBatches: { fraction: 0.35 }, limitValBatches: { fraction: 0.5 } }, 3, 2],
    ['1 is one batch, not all', { limitTrainBatches: 1, limitValBatches: 1 }, 1, 1],
    ['everything', { limitTrainBatches: { fraction: 1 }, limitValBatches: { fraction: 1 } }, 10, 5],
  ])('as %s', async (_name, options, train, validate) => {
    expect(await counts(options)).toMatchObject({ train, validate })
  })

  test('0 leaves a stage out, hooks and all', async () => {
    const without = await counts({ limitValBatches: 0, numSanityValSteps: 2 })
    expect(without).toMatchObject({ train: 10, validate: 0, validations: 0 })
    expect(without.transcript.count('onValidationStart')).toBe(0)
    const untrained = await counts({ limitTrainBatches: 0 })
    expect(untrained).toMatchObject({
      train: 0,
      validate: 0,
      result: { status: 'completed', clock: { globalStep: 0 } },
    })
  })

  test('of test and predict', async () => {
    const module = new BoringModule()
    const transcript = new HookTranscript()
    const trainer = quietTrainer({ limitTestBatches: 2, limitPredictBatches: { fraction: 0.6 } })
    recordHooks(module, transcript)
    await trainer.test(module, { test: new BoringLoader({ batches: 10 }) })
    const { predictions } = await trainer.predict(module, { predict: new BoringLoader({ batches: 5 }) })
    module.dispose()
    expect(transcript.count('testStep')).toBe(2)
    expect(predictions.map((list) => list.length)).toEqual([3])
  })

  test('a fraction of an unknown length, and one of less than a batch, are refused by name', async () => {
    const endless = {
      train: {
        *[Symbol.iterator]() {
          yield* boringBatches()
        },
      },
    }
    const unknown = await refusal(() => counts({ limitTrainBatches: { fraction: 0.5 } }, endless), 'LEVIN_BAD_OPTION')
    expect(unknown.message).toMatch(/limitTrainBatches is a fraction.*Give a number of batches/)
    const small = await refusal(() => counts({ limitValBatches: { fraction: 0.1 } }), 'LEVIN_BAD_OPTION')
    expect(small.message).toMatch(/limitValBatches.* is 0.1 of 5 batches, which is less than one.*fraction: 0.2/)
  })

  test('epochs and steps: whichever comes first', async () => {
    expect((await counts({ maxEpochs: 2 })).result.clock).toMatchObject({ epoch: 2, globalStep: 20 })
    expect((await counts({ maxEpochs: 5, maxSteps: 13 })).result.clock).toMatchObject({
      epoch: 1,
      globalStep: 13,
      batchIndex: 3,
    })
    expect((await counts({ maxEpochs: -1, maxSteps: 20 })).result.clock).toMatchObject({ epoch: 2, globalStep: 20 })
    expect((await counts({ maxEpochs: 0 })).train).toBe(0)
    expect((await counts({ maxSteps: 0 })).train).toBe(0)
  })

  test('without any limit it says that it takes 1000 epochs', async () => {
    const platform = new TestPlatform()
    const module = new BoringModule()
    const controller = new AbortController()
    const end = { name: 'end', onTrainBatchEnd: () => controller.abort() }
    const options = { platform, callbacks: [end], enableProgressBar: false, enableModelSummary: false }
    await new Trainer({ ...options, loggers: false }).fit(module, data(), { signal: controller.signal })
    module.dispose()
    expect(platform.written).toContain('warning: maxEpochs was not set: training for 1000 epochs.')
  })

  test('maxTime ends the run at the next window, by the platform’s clock', async () => {
    const platform = new TestPlatform()
    const pass = { name: 'pass', onTrainBatchEnd: () => platform.advance(20_000) }
    const { result } = await counts({ platform, callbacks: [pass], maxTime: { minutes: 1, seconds: 15 }, maxEpochs: 9 })
    expect(result).toMatchObject({ status: 'stopped', reason: 'maxTime', clock: { globalStep: 4 } })
  })

  test('minEpochs and minSteps outlast a request to stop, but not an abort', async () => {
    const at = (reason: string) => ({
      name: 'eager',
      onTrainBatchEnd: (...args: unknown[]) => (args[3] as { requestStop(r: string): void }).requestStop(reason),
    })
    const run = async (options: TrainerOptions, reason = 'requested') =>
      (await counts({ ...options, maxEpochs: 4, callbacks: [at(reason)] })).result
    expect(await run({ minSteps: 7 })).toMatchObject({ status: 'stopped', clock: { globalStep: 7 } })
    expect(await run({ minEpochs: 2 })).toMatchObject({ status: 'stopped', clock: { epoch: 2, globalStep: 21 } })
    expect(await run({ minSteps: 7 }, 'aborted')).toMatchObject({ status: 'aborted', clock: { globalStep: 1 } })
  })
})

describe('when validation runs', () => {
  const three: TrainerOptions = { maxEpochs: 3 }
  test.each<[string, TrainerOptions, number[]]>([
    ['by default at the end of each epoch', three, [10, 20, 30]],
    ['everyEpochs(2)', { ...three, valCheckInterval: everyEpochs(2) }, [20]],
    ['everySteps(4), counted over epochs', { ...three, valCheckInterval: everySteps(4) }, [4, 8, 12, 16, 20, 24, 28]],
    [
      'everySteps counts updates, not batches',
      { ...three, valCheckInterval: everySteps(4), accumulateGradBatches: 2 },
      [4, 8, 12],
    ],
    ['atEnd()', { ...three, valCheckInterval: atEnd() }, [30]],
    ['never()', { ...three, valCheckInterval: never() }, []],
    ['anyOf(), once per step', { ...three, valCheckInterval: anyOf(everySteps(15), everyEpochs(1)) }, [10, 15, 20, 30]],
    ['the sanity check comes before', { ...three, maxEpochs: 1, numSanityValSteps: 2 }, [0, 10]],
  ])('%s', async (_name, options, expected) => {
    expect(await validatedAt(options)).toEqual(expected)
  })

  test('everyMinutes(m) by the platform’s clock', async () => {
    const platform = new TestPlatform()
    const pass = { name: 'pass', onTrainBatchEnd: () => platform.advance(25_000) }
    expect(await validatedAt({ valCheckInterval: everyMinutes(1), callbacks: [pass] }, platform)).toEqual([3, 6, 9])
  })

  test('numSanityValSteps: a number of batches, all, or none; nothing of it is kept', async () => {
    const logger = new RowLogger()
    expect((await counts({ numSanityValSteps: 3, valCheckInterval: never(), loggers: [logger] })).validate).toBe(3)
    expect((await counts({ numSanityValSteps: -1, valCheckInterval: never() })).validate).toBe(5)
    expect((await counts({ numSanityValSteps: 0, valCheckInterval: never() })).validate).toBe(0)
    expect(logger.of('val/loss')).toEqual([])
  })
})

describe('fastDevRun', () => {
  test('runs one batch of each stage, without loggers, checkpoints and early stopping', async () => {
    const logger = new RowLogger()
    const callbacks = [modelCheckpoint(), earlyStopping({ monitor: 'nobody/logs/this' })]
    const { result, train, validate } = await counts({ fastDevRun: true, maxEpochs: 7, loggers: [logger], callbacks })
    expect({ train, validate }).toEqual({ train: 1, validate: 1 })
    expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 1 }, bestCheckpoint: undefined })
    expect(logger.rows).toEqual([])
  })

  test('with a number runs so many', async () => {
    expect(await counts({ fastDevRun: 3, limitTrainBatches: 1 })).toMatchObject({ train: 3, validate: 3 })
  })
})

test('overfitBatches trains and validates on the same first batches', async () => {
  const seen: number[][] = []
  class Looking extends BoringModule {
    override loss(...[batch, step]: Parameters<BoringModule['loss']>) {
      seen.push([step.training ? 1 : 0, batch.x.dataSync()[0] as number])
      return super.loss(batch, step)
    }
  }
  const module = new Looking()
  await quietTrainer({ overfitBatches: 2, maxEpochs: 2 }).fit(module, data())
  module.dispose()
  const first = boringBatches({ batches: 2 }).map(({ x }) => x.data[0])
  const epoch = [...first.map((x) => [1, x]), ...first.map((x) => [0, x])]
  expect(seen).toEqual([...epoch, ...epoch])
})

describe('accumulateGradBatches', () => {
  const parts = (sizes: readonly number[]) => {
    let start = 0
    return sizes.map((size) => {
      const values = Float32Array.from({ length: size * 8 }, (_, i) => Math.sin(1 + i + start))
      start += size * 8
      return { x: { data: values, shape: [size, 8], dtype: 'float32' as const } }
    })
  }

  test('of four batches is one batch four times as big', async () => {
    const accumulated = await trainedParameters({ accumulateGradBatches: 4 }, { train: parts([3, 3, 3, 3]) })
    expect(accumulated).toBeAllClose(await trainedParameters({}, { train: parts([12]) }))
  })

  test('weighs batches by their samples, and divides a last window by what it holds', async () => {
    const accumulated = await trainedParameters({ accumulateGradBatches: 3 }, { train: parts([4, 1, 2, 5, 3]) })
    expect(accumulated).toBeAllClose(await trainedParameters({}, { train: parts([7, 8]) }))
    const unweighted = await trainedParameters({ accumulateGradBatches: 3 }, { train: parts([4, 4, 4, 4, 4]) })
    expect(accumulated).not.toBeAllClose(unweighted)
  })

  test('weighs by the weight that the step returns', async () => {
    class Weighted extends BoringModule {
      override trainingStep(...[batch, step]: Parameters<BoringModule['trainingStep']>): never {
        return { loss: super.trainingStep(batch, step), weight: step.batchIndex === 0 ? 1 : 0 } as never
      }
    }
    const weighted = await trainedParameters({ accumulateGradBatches: 2 }, { train: parts([4, 4]) }, new Weighted())
    expect(weighted).toBeAllClose(await trainedParameters({}, { train: parts([4]) }))
  })

  test('a window ends with the epoch', async () => {
    const { result } = await counts({ accumulateGradBatches: 4, maxEpochs: 2 })
    expect(result.clock).toMatchObject({ globalStep: 6, totalBatches: 20, totalSamples: 80 })
  })
})

describe('gradient clipping', () => {
  /** The change of the parameters in one step: the gradient that was used, times the learning rate. */
  async function gradientUsed(options: TrainerOptions): Promise<number[]> {
    const before = new BoringModule({ learningRate: 1 }).build({ seed: 0 })
    const start = before.parameters().flatMap(({ value }) => [...value.dataSync()])
    before.dispose()
    const after = await trainedParameters({ ...options, maxSteps: 1 }, data(), new BoringModule({ learningRate: 1 }))
    return start.map((value, i) => value - (after[i] as number))
  }
  const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0))

  test('by norm scales all gradients to the bound, and leaves smaller ones alone', async () => {
    const free = await gradientUsed({})
    const bound = norm(free) / 4
    const clipped = await gradientUsed({ gradientClipVal: bound })
    expect(norm(clipped)).toBeAllClose(bound, { rtol: 1e-4 })
    expect(clipped).toBeAllClose(
      free.map((x) => x / 4),
      { rtol: 1e-4, atol: 1e-6 },
    )
    expect(await gradientUsed({ gradientClipVal: norm(free) * 2, gradientClipAlgorithm: 'norm' })).toBeAllClose(free)
  })

  test('by value bounds each element', async () => {
    const free = await gradientUsed({})
    const bound = Math.max(...free.map(Math.abs)) / 2
    const clipped = await gradientUsed({ gradientClipVal: bound, gradientClipAlgorithm: 'value' })
    expect(clipped).toBeAllClose(
      free.map((x) => Math.max(-bound, Math.min(bound, x))),
      { rtol: 1e-4, atol: 1e-6 },
    )
  })
})

test('reloadDataloadersEveryNEpochs asks for the loaders again', async () => {
  let asked = 0
  class Counting extends BoringModule {
    trainDataLoader() {
      asked++
      return boringBatches({ batches: 1 })
    }
  }
  const run = async (every: number) => {
    asked = 0
    const module = new Counting()
    await quietTrainer({ reloadDataloadersEveryNEpochs: every, maxEpochs: 5 }).fit(module)
    module.dispose()
    return asked
  }
  expect([await run(0), await run(1), await run(2)]).toEqual([1, 5, 3])
})

test('loaders that are asked for again may have another length', async () => {
  class Growing extends BoringModule {
    #length = 0
    trainDataLoader() {
      this.#length++
      return boringBatches({ batches: this.#length })
    }
  }
  const module = new Growing()
  const { clock } = await quietTrainer({ reloadDataloadersEveryNEpochs: 1, maxEpochs: 3 }).fit(module)
  module.dispose()
  expect(clock.globalStep).toBe(1 + 2 + 3)
})

test('seed: the same gives the same bits, another gives others', async () => {
  const losses = async (seed?: number) => {
    const recorder = new LossRecorder()
    await trainedParameters({ callbacks: [recorder], ...(seed === undefined ? {} : { seed }) }, data())
    return recorder.losses
  }
  const first = await losses(5)
  expect(first).toHaveLength(10)
  expect(await losses(5)).toEqual(first)
  expect(await losses(6)).not.toEqual(first)
  expect(await losses()).toEqual(await losses(0))
})

test('logEvery: rows of steps at its trigger', async () => {
  const steps = async (options: TrainerOptions) => {
    const logger = new RowLogger()
    await counts({ ...options, loggers: [logger], maxEpochs: 2 })
    return logger.of('train/loss').map(([step]) => step)
  }
  expect(await steps({})).toEqual([])
  expect(await steps({ logEvery: everySteps(6) })).toEqual([6, 12, 18])
  expect(await steps({ logEvery: never() })).toEqual([])
  expect(await steps({ logEvery: everySteps(3), accumulateGradBatches: 3 })).toEqual([3, 6])
})
