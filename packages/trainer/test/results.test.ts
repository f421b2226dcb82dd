import '@tensorflow/tfjs-backend-cpu'
import { engineMemory, type HostTensor, soloRank } from '@levin/core'
import { BoringLoader, BoringModule, boringBatches, HookTranscript, recordHooks, TestPlatform } from '@levin/testing'
import { tensor2d } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import '@levin/testing/vitest'
import { method, quietTrainer, RowLogger } from './support.js'

const data = () => ({ train: new BoringLoader({ batches: 6 }), validate: new BoringLoader({ batches: 2 }) })

describe('an AbortSignal', () => {
  test('that was aborted before the start runs no step at all, and still calls the hooks of beginning and end', async () => {
    const transcript = new HookTranscript()
    const module = recordHooks(new BoringModule(), transcript)
    const logger = new RowLogger()
    const signal = AbortSignal.abort(new Error('changed my mind'))
    const result = await quietTrainer({ numSanityValSteps: 2, loggers: [logger] }).fit(module, data(), { signal })
    module.dispose()
    expect(result).toMatchObject({
      status: 'aborted',
      reason: 'aborted',
      message: 'changed my mind',
      clock: { globalStep: 0 },
    })
    expect(transcript.count('trainingStep') + transcript.count('validationStep')).toBe(0)
    expect(transcript.hooksOf('module')).toEqual([
      'setup',
      'configureOptimizers',
      'onFitStart',
      'onTrainStart',
      'onTrainEnd',
      'onFitEnd',
      'teardown',
    ])
    expect(logger.statuses).toEqual(['aborted'])
  })

  test('ends a fit at the next window boundary, and later runs are not touched by it', async () => {
    const before = engineMemory()
    const controller = new AbortController()
    const abort = {
      name: 'abort',
      onTrainBatchEnd: (...args: unknown[]) => args[2] === 2 && controller.abort('enough'),
    }
    const module = new BoringModule()
    const trainer = quietTrainer({ callbacks: [abort as never], accumulateGradBatches: 2, maxEpochs: 5 })
    const result = await trainer.fit(module, data(), { signal: controller.signal })
    expect(result).toMatchObject({ status: 'aborted', message: 'enough', clock: { batchIndex: 4, globalStep: 2 } })
    expect((await quietTrainer().fit(module, data())).status).toBe('completed')
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test.each(['validate', 'test', 'predict'] as const)('ends %s between batches, over all loaders', async (stage) => {
    const controller = new AbortController()
    let batches = 0
    const count = () => {
      if (++batches === 2) controller.abort()
    }
    const callbacks = [{ name: 'c', onValidationBatchEnd: count, onTestBatchEnd: count, onPredictBatchEnd: count }]
    const loaders = [boringBatches({ batches: 3 }), boringBatches({ batches: 3 })]
    const module = new BoringModule()
    const run = (signal: AbortSignal) =>
      method(quietTrainer({ callbacks }), stage)(module, { [stage]: loaders }, { signal })
    expect((await run(controller.signal)).status).toBe('aborted')
    expect(batches).toBe(2)
    await run(AbortSignal.abort())
    module.dispose()
    expect(batches).toBe(2)
  })
})

test.each(['fit', 'validate', 'test', 'predict'] as const)(
  '%s lets the event loop have its turn, so that an abort from a timer or a signal gets through, though nothing in it waits',
  async (kind) => {
    const controller = new AbortController()
    const module = new BoringModule()
    const trainer = quietTrainer({ limitValBatches: kind === 'fit' ? 0 : 500 })
    setImmediate(() => controller.abort(new Error('from outside')))
    const loader = new BoringLoader({ batches: 500 })
    const loaders = { train: loader, validate: loader, test: loader, predict: loader }
    const result = await method(trainer, kind)(module, loaders, { signal: controller.signal })
    module.dispose()
    expect(result.status).toBe('aborted')
  },
)

describe('signals of the system', () => {
  test('stop the run after the window at hand where handleSignals is set; a second one is not caught', async () => {
    const platform = new TestPlatform({ tick: 1 })
    const caught: boolean[] = []
    const send = { name: 'send', onTrainBatchStart: () => void caught.push(platform.send('SIGTERM')) }
    const module = new BoringModule()
    const options = { platform, callbacks: [send], accumulateGradBatches: 2, handleSignals: true }
    const result = await quietTrainer(options).fit(module, data())
    module.dispose()
    expect(result).toMatchObject({ status: 'stopped', reason: 'signal', message: 'SIGTERM', clock: { globalStep: 1 } })
    expect(caught).toEqual([true, false])
    expect(platform.written).toContain('SIGTERM: stopping after this step. Once more ends the process at once.')
    expect(platform.listening).toBe(0)
  })

  test('are left alone by default, and after a run that failed', async () => {
    const platform = new TestPlatform()
    const listening: number[] = []
    const look = { name: 'look', onTrainStart: () => void listening.push(platform.listening) }
    const module = new BoringModule()
    await quietTrainer({ platform, callbacks: [look] }).fit(module, data())
    expect(listening).toEqual([0])
    await expect(quietTrainer({ platform, handleSignals: true }).fit(module, { train: [] })).rejects.toThrow()
    module.dispose()
    expect(platform.listening).toBe(0)
  })
})

test('a result holds the newest metrics, the clock and the folder of the run', async () => {
  const logger = Object.assign(new RowLogger(), { logDir: 'runs/mine/version_3' })
  const module = new BoringModule()
  const result = await quietTrainer({ loggers: [logger], maxEpochs: 2 }).fit(module, data())
  module.dispose()
  expect(result).toEqual({
    status: 'completed',
    metrics: { 'val/loss': logger.of('val/loss')[1]?.[1] },
    runFolder: 'runs/mine/version_3',
    rank: soloRank,
    clock: { globalStep: 12, epoch: 2, batchIndex: 0, totalBatches: 12, totalSamples: 48 },
    bestCheckpoint: undefined,
    lastCheckpoint: undefined,
  })
})

test('validate and test give what was logged; parameters stay as they are', async () => {
  const module = new BoringModule().build({ seed: 4 })
  const before = module.parameters().flatMap(({ value }) => [...value.dataSync()])
  const batches = boringBatches({ batches: 3 })
  const validated = await quietTrainer().validate(module, { validate: batches })
  const tested = await quietTrainer().test(module, { test: batches })
  expect(tested.metrics['test/loss']).toBe(validated.metrics['val/loss'])
  expect(Object.keys(validated.metrics)).toEqual(['val/loss'])
  expect(module.parameters().flatMap(({ value }) => [...value.dataSync()])).toEqual(before)
  module.dispose()
})

describe('predict', () => {
  test('gives the outputs of each loader and batch, on the host', async () => {
    const module = new BoringModule().build()
    const batches = boringBatches({ batches: 2, batchSize: 3 })
    const { predictions, status } = await quietTrainer().predict(module, { predict: [batches, batches.slice(1)] })
    expect(status).toBe('completed')
    expect(predictions.map((list) => list.length)).toEqual([2, 1])
    const [first] = predictions[0] as HostTensor[]
    expect(first?.shape).toEqual([3, 2])
    const x = tensor2d(batches[0]?.x.data as Float32Array, [3, 8])
    const direct = module.predict<ReturnType<typeof tensor2d>>(x)
    expect(first).toBeAllClose(direct)
    expect(predictions[1]).toEqual([predictions[0]?.[1]])
    x.dispose()
    direct.dispose()
    module.dispose()
  })

  test('hands predictions to the hooks, and keeps none with returnPredictions: false', async () => {
    const seen: unknown[] = []
    const callbacks = [{ name: 'c', onPredictBatchEnd: (prediction: unknown) => void seen.push(prediction) }]
    const module = new BoringModule()
    const before = engineMemory()
    const trainer = quietTrainer({ callbacks })
    const { predictions } = await trainer.predict(module, { predict: boringBatches() }, { returnPredictions: false })
    module.dispose()
    expect(predictions).toEqual([])
    expect(seen).toHaveLength(4)
    expect(engineMemory()).toEqual(before)
  })

  test('follows records and arrays, and leaves what is no tensor', async () => {
    class Structured extends BoringModule {
      override predictStep(...[batch, step]: Parameters<BoringModule['predictStep']>): never {
        return { out: [super.predictStep(batch, step)], index: step.batchIndex } as never
      }
    }
    const module = new Structured()
    const { predictions } = await quietTrainer({ limitPredictBatches: 1 }).predict(module, { predict: boringBatches() })
    module.dispose()
    expect(predictions).toEqual([[{ out: [expect.objectContaining({ shape: [4, 2], dtype: 'float32' })], index: 0 }]])
  })
})
