import '@tensorflow/tfjs-backend-cpu'
import {
  BoringModule,
  boringBatches,
  HookTranscript,
  MemoryCheckpoints,
  recordHooks,
  recordingCallback,
  TestPlatform,
} from '@levin/testing'
import { expect, test } from 'vitest'
import { quietTrainer, refusal } from './support.js'

function recorded(options: Parameters<typeof recordingCallback>[1] = {}) {
  const transcript = new HookTranscript()
  const callbacks = [
    recordingCallback(transcript, { name: 'late', order: 'last' }),
    recordingCallback(transcript, { name: 'first', ...options }),
  ]
  const module = recordHooks(new BoringModule(), transcript)
  return { transcript, callbacks, module, lines: () => `\n${transcript.text()}\n` }
}

const data = (train = 3, validate = 1) => ({
  train: boringBatches({ batches: train }),
  validate: boringBatches({ batches: validate }),
  test: boringBatches({ batches: 1 }),
  predict: boringBatches({ batches: 1 }),
})

test('fit calls its hooks in the order of Lightning: callbacks, then the module, and last callbacks after it at an epoch’s end', async () => {
  const { callbacks, module, lines } = recorded()
  await quietTrainer({ callbacks, numSanityValSteps: 1, accumulateGradBatches: 2, gradientClipVal: 1 }).fit(
    module,
    data(),
  )
  module.dispose()
  expect(lines()).toBe(`
train e0  setup  first, late, module
-  configureOptimizers  module
train e0  onFitStart  first, late, module
sanityCheck e0  onSanityCheckStart  first, late
sanityCheck e0  onValidationStart  first, late, module
sanityCheck e0  onValidationEpochStart  first, late, module
sanityCheck e0 b0  onValidationBatchStart  first, late, module
validate e0 b0  validationStep  module
sanityCheck e0 b0  onValidationBatchEnd  first, late, module
sanityCheck e0  onValidationEpochEnd  first, late, module
sanityCheck e0  onValidationEnd  first, late, module
sanityCheck e0  onSanityCheckEnd  first, late
train e0  onTrainStart  first, late, module
train e0  onTrainEpochStart  first, late, module
train e0 b0  onTrainBatchStart  first, late, module
train e0 b0  trainingStep  module
train e0  onBeforeZeroGrad  first, late, module
train e0  onBeforeBackward  first, late, module
train e0  onAfterBackward  first, late, module
train e0 b0  onTrainBatchEnd  first, late, module
train e0 b1  onTrainBatchStart  first, late, module
train e0 b1  trainingStep  module
train e0  onBeforeBackward  first, late, module
train e0  onAfterBackward  first, late, module
train e0  onBeforeOptimizerStep  first, late, module
train e0 b1  onTrainBatchEnd  first, late, module
train e0 b2  onTrainBatchStart  first, late, module
train e0 b2  trainingStep  module
train e0  onBeforeZeroGrad  first, late, module
train e0  onBeforeBackward  first, late, module
train e0  onAfterBackward  first, late, module
train e0  onBeforeOptimizerStep  first, late, module
train e0 b2  onTrainBatchEnd  first, late, module
validate e0  onValidationStart  first, late, module
validate e0  onValidationEpochStart  first, late, module
validate e0 b0  onValidationBatchStart  first, late, module
validate e0 b0  validationStep  module
validate e0 b0  onValidationBatchEnd  first, late, module
validate e0  onValidationEpochEnd  first, late, module
validate e0  onValidationEnd  first, late, module
train e0  onTrainEpochEnd  first, module, late
train e1  onTrainEnd  first, late, module
train e1  onFitEnd  first, late, module
train e1  teardown  first, late, module
`)
})

test('validate, test and predict call the hooks of their stage only', async () => {
  const { callbacks, module, transcript } = recorded()
  const trainer = quietTrainer({ callbacks: callbacks.slice(1) })
  await trainer.validate(module, data())
  await trainer.test(module, data())
  await trainer.predict(module, data())
  module.dispose()
  const stage = (phase: string, word: string) => `${phase} e0  on${word}Start  first, module
${phase} e0  on${word}EpochStart  first, module
${phase} e0 b0  on${word}BatchStart  first, module
${phase} e0 b0  ${phase === 'validate' ? 'validationStep' : `${phase}Step`}  module
${phase} e0 b0  on${word}BatchEnd  first, module
${phase} e0  on${word}EpochEnd  first, module
${phase} e0  on${word}End  first, module`
  expect(transcript.text().replaceAll(/^.* (setup|teardown) .*$\n?/gm, '')).toBe(
    [stage('validate', 'Validation'), stage('test', 'Test'), stage('predict', 'Predict'), ''].join('\n').trimEnd() +
      '\n',
  )
  expect(transcript.hooksOf('module').filter((hook) => hook === 'setup' || hook === 'teardown')).toHaveLength(6)
})

test('a run that is stopped in the middle leaves out what is left of the epoch, its validation included', async () => {
  const { callbacks, module, transcript } = recorded({
    at: (hook, ...args) => {
      if (hook === 'onTrainBatchEnd') (args.at(-1) as { requestStop(reason: string): void }).requestStop('requested')
    },
  })
  const result = await quietTrainer({ callbacks: callbacks.slice(1), maxEpochs: 3 }).fit(module, data())
  module.dispose()
  expect(result).toMatchObject({ status: 'stopped', reason: 'requested', clock: { globalStep: 1, batchIndex: 1 } })
  expect(transcript.hooksOf('first')).toEqual([
    'setup',
    'onFitStart',
    'onTrainStart',
    'onTrainEpochStart',
    'onTrainBatchStart',
    'onBeforeZeroGrad',
    'onBeforeBackward',
    'onAfterBackward',
    'onBeforeOptimizerStep',
    'onTrainBatchEnd',
    'onTrainEpochEnd',
    'onTrainEnd',
    'onFitEnd',
    'teardown',
  ])
})

test('a run that fails tells onException, and nobody hears of an end', async () => {
  const { callbacks, module, transcript } = recorded({
    at: (hook) => {
      if (hook === 'onValidationEpochStart') throw new Error('disk on fire')
    },
  })
  const error = await refusal(
    () => quietTrainer({ callbacks: callbacks.slice(1) }).fit(module, data()),
    'LEVIN_CALLBACK',
  )
  module.dispose()
  expect(error.message).toBe("The callback 'first' failed in onValidationEpochStart: disk on fire")
  expect((error.cause as Error).message).toBe('disk on fire')
  expect(transcript.hooksOf('first').slice(-3)).toEqual(['onValidationStart', 'onValidationEpochStart', 'onException'])
})

test("what goes wrong in onException is said, and the run's own error comes out", async () => {
  const platform = new TestPlatform()
  const callbacks = [
    {
      name: 'broken',
      onTrainStart: () => Promise.reject(new Error('first')),
      onException: () => Promise.reject(new Error('second')),
    },
  ]
  const error = await refusal(
    () => quietTrainer({ callbacks, platform }).fit(new BoringModule(), data()),
    'LEVIN_CALLBACK',
  )
  expect(error.message).toContain('failed in onTrainStart: first')
  expect(platform.written).toContain(
    "warning: onException of a callback failed while handling an error: The callback 'broken'",
  )
  expect(platform.written).toContain('second')
})

test('skipEpoch leaves out the rest of the epoch, the batch at hand included, and the next epoch begins anew', async () => {
  const { callbacks, module, transcript } = recorded({
    at: (hook, _batch, index) => (hook === 'onTrainBatchStart' && index === 1 ? 'skipEpoch' : undefined),
  })
  const result = await quietTrainer({ callbacks: callbacks.slice(1), maxEpochs: 2 }).fit(module, data())
  module.dispose()
  expect(result).toMatchObject({ status: 'completed', clock: { globalStep: 2, epoch: 2 } })
  expect(transcript.count('trainingStep')).toBe(2)
  expect(transcript.count('validationStep')).toBe(2)
})

test('hooks of a checkpoint get what they saved, callbacks first', async () => {
  const checkpointIO = new MemoryCheckpoints()
  const { callbacks, module, transcript } = recorded({
    at: async (hook, ...args) => {
      if (hook === 'onSaveCheckpoint') (args[0] as Record<string, unknown>)['mine'] = { answer: 42 }
      if (hook === 'onTrainEpochEnd')
        await (args[0] as { saveCheckpoint(l: string): Promise<void> }).saveCheckpoint('x')
    },
  })
  await quietTrainer({ callbacks: callbacks.slice(1), checkpointIO, enableCheckpointing: false }).fit(module, data())
  module.dispose()
  let loaded: unknown
  const reader = {
    name: 'reader',
    onLoadCheckpoint: (checkpoint: object) => {
      loaded = checkpoint
    },
  }
  const other = new BoringModule()
  await quietTrainer({ callbacks: [reader], checkpointIO, enableCheckpointing: false, maxEpochs: 2 }).fit(
    other,
    data(),
    {
      ckptPath: 'x',
    },
  )
  other.dispose()
  expect(loaded).toEqual({ mine: { answer: 42 } })
  expect(transcript.text()).toContain('train e0  onSaveCheckpoint  first, module')
})

test('a callback of the module replaces the one of the same key that the Trainer was given', async () => {
  const called: string[] = []
  const callback = (who: string, name: string) => ({ name, onTrainStart: () => void called.push(who) })
  class Configuring extends BoringModule {
    configureCallbacks() {
      return [callback('module’s', 'a')]
    }
  }
  const module = new Configuring()
  await quietTrainer({ callbacks: [callback('given', 'a'), callback('other', 'b')] }).fit(module, data())
  module.dispose()
  expect(called).toEqual(['other', 'module’s'])
})
