import '@tensorflow/tfjs-backend-cpu'
import { DataModule, type RunContext, type RunKind } from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches, MemoryCheckpoints } from '@levin/testing'
import { neg } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { quietTrainer, RowLogger, refusal, saveEachEpoch } from './support.js'

class Recorded extends DataModule<BoringBatch> {
  readonly calls: string[] = []
  override readonly hparams = { batchSize: 4 }
  seen = 0

  prepareData(): void {
    this.calls.push('prepareData')
  }
  async setup(kind: RunKind): Promise<void> {
    this.calls.push(`setup ${kind}`)
  }
  teardown(kind: RunKind): void {
    this.calls.push(`teardown ${kind}`)
  }
  trainDataLoader() {
    this.calls.push('train')
    return boringBatches({ batches: 2 })
  }
  async valDataLoader() {
    this.calls.push('val')
    return boringBatches({ batches: 1 })
  }
  onAfterBatchTransfer({ x }: BoringBatch) {
    this.seen++
    return { x: neg(x) as typeof x }
  }
  onException(error: unknown, run: RunContext): void {
    this.calls.push(`onException ${run.kind} ${(error as Error).message}`)
  }
  state() {
    return { seen: this.seen }
  }
  loadState({ seen }: Readonly<Record<string, unknown>>): void {
    this.seen = seen as number
  }
}

test('a data module is prepared, set up, asked for loaders and torn down, before and after the hooks of others', async () => {
  const data = new Recorded()
  const note = (hook: string) => () => void data.calls.push(hook)
  const callback = { name: 'c', setup: note('callback setup'), teardown: note('callback teardown') }
  const module = new BoringModule()
  const logger = new RowLogger()
  await quietTrainer({ callbacks: [callback], loggers: [logger] }).fit(module, data)
  await quietTrainer().validate(module, data)
  module.dispose()
  expect(data.calls).toEqual([
    ...['prepareData', 'setup fit', 'callback setup', 'train', 'val', 'callback teardown', 'teardown fit'],
    ...['prepareData', 'setup validate', 'val', 'teardown validate'],
  ])
  expect(logger.hyperparameters).toEqual({ batchSize: 4 })
})

test('its loaders come before those of the module', async () => {
  class Own extends BoringModule {
    trainDataLoader(): never {
      throw new Error('not asked')
    }
  }
  const module = new Own()
  expect((await quietTrainer().fit(module, new Recorded())).status).toBe('completed')
  module.dispose()
})

test('it hears of a failure', async () => {
  const data = new Recorded()
  const fail = { name: 'c', onTrainStart: () => Promise.reject(new Error('no')) }
  const module = new BoringModule()
  await refusal(() => quietTrainer({ callbacks: [fail] }).fit(module, data), 'LEVIN_CALLBACK')
  module.dispose()
  expect(data.calls.at(-1)).toBe("onException fit The callback 'c' failed in onTrainStart: no")
})

test('its state and that of callbacks come back with a checkpoint, each to whose it is', async () => {
  const checkpointIO = new MemoryCheckpoints()
  const counting = (name: string, count = 0) => ({
    name,
    stateKey: `counting-${name}`,
    count,
    onTrainBatchStart() {
      this.count++
    },
    state() {
      return { count: this.count }
    },
    loadState(state: Readonly<Record<string, unknown>>) {
      this.count = state['count'] as number
    },
  })
  const options = { checkpointIO, enableCheckpointing: false }
  const module = new BoringModule()
  await quietTrainer({ ...options, callbacks: [counting('a'), counting('b', 100), saveEachEpoch] }).fit(
    module,
    new Recorded(),
  )
  const [a, b, data] = [counting('a'), counting('b'), new Recorded()]
  const resumed = quietTrainer({ ...options, callbacks: [b, a], maxEpochs: 2 })
  await resumed.fit(module, data, { ckptPath: 'epoch-0' })
  module.dispose()
  // Two batches before and two after; the data module has seen a batch of validation in each epoch too.
  expect([a.count, b.count, data.seen]).toEqual([4, 104, 6])
})

test('two callbacks with state under one key are refused', async () => {
  const stateful = () => ({ name: 'same', state: () => ({}) })
  const callbacks = [stateful(), stateful(), saveEachEpoch]
  const module = new BoringModule()
  const trainer = quietTrainer({ callbacks, checkpointIO: new MemoryCheckpoints(), enableCheckpointing: false })
  const error = await refusal(() => trainer.fit(module, new Recorded()), 'LEVIN_CALLBACK')
  module.dispose()
  expect(error.message).toContain(
    "Two callbacks keep their state under 'same'. Give one of them a stateKey of its own.",
  )
})
