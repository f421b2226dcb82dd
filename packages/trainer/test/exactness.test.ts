import '@tensorflow/tfjs-backend-cpu'
import {
  atEnd,
  deriveKey,
  everyEpochs,
  everySteps,
  type FeedbackSchedule,
  type HostTensor,
  hostTensor,
  type Loader,
  type LoaderPosition,
  type PureSchedule,
  permutation,
  type Trigger,
} from '@levin/core'
import { BoringModule, boringBatches, MemoryCheckpoints, TestPlatform } from '@levin/testing'
import type { Rank, Tensor } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { earlyStopping, modelCheckpoint } from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { Momentum } from './momentum.js'
import { LossRecorder, parametersOf, quietTrainer, RowLogger } from './support.js'

const SAMPLES = 22
const BATCH = 4
const sample = (index: number) => Float32Array.from({ length: 8 }, (_, i) => Math.sin(8 * index + i))

/** Shuffled anew in each epoch, with a last batch that is not full; it knows its position and can be sought. */
class Shuffled implements Loader<{ x: HostTensor<Rank.R2> }> {
  readonly batchCount = Math.ceil(SAMPLES / BATCH)
  #seed = 0
  #epoch = 0
  #start = 0

  setSeed(seed: number): void {
    this.#seed = seed
  }

  setEpoch(epoch: number): void {
    this.#epoch = epoch
    this.#start = 0
  }

  position(consumed: number): LoaderPosition {
    return { epoch: this.#epoch, batch: consumed, seed: this.#seed }
  }

  seek(position: LoaderPosition): void {
    expect(position['seed']).toBe(this.#seed)
    this.#epoch = position.epoch
    this.#start = position.batch
  }

  *[Symbol.iterator]() {
    const order = [...permutation(deriveKey(this.#seed, 'shuffle', '', this.#epoch), SAMPLES)]
    const first = this.#start
    this.#start = 0
    for (let batch = first; batch < this.batchCount; batch++) {
      const chosen = order.slice(batch * BATCH, (batch + 1) * BATCH)
      const data = Float32Array.from(chosen.flatMap((index) => [...sample(index)]))
      yield { x: hostTensor<Rank.R2>(data, [chosen.length, 8]) }
    }
  }
}

const shuffled = () => new Shuffled()

const decay: PureSchedule = { kind: 'pure', name: 'decay', options: {}, interval: 'step', factor: (t) => 0.97 ** t }
const halving: FeedbackSchedule = {
  kind: 'feedback',
  name: 'halving',
  options: {},
  initialState: () => ({ factor: 1, seen: 0 }),
  observe: ({ factor, seen }) => ({ factor: (seen as number) % 2 ? factor / 2 : factor, seen: (seen as number) + 1 }),
}

class Stateful extends BoringModule {
  readonly #feedback: boolean

  constructor(feedback = false) {
    super({ learningRate: 0.02 })
    this.#feedback = feedback
  }

  override configureOptimizers(): never {
    const optimizer = new Momentum(this.parameters(), this.learningRate)
    return (
      this.#feedback ? { optimizer, schedule: halving, monitor: 'val/loss' } : { optimizer, schedule: decay }
    ) as never
  }
}

interface Run {
  readonly losses: number[]
  readonly parameters: number[]
  readonly rows: RowLogger['rows']
  readonly states: unknown
}

const stopping = () => earlyStopping({ monitor: 'val/loss', patience: 50, mode: 'max' })

/** One run, which may go on from a checkpoint, with a new module and new callbacks. */
async function run(
  options: TrainerOptions,
  logger: RowLogger,
  ckptPath?: string,
  feedback = false,
  data: object = {},
): Promise<Run> {
  const recorder = new LossRecorder()
  const module = new Stateful(feedback)
  const watch = stopping()
  await quietTrainer({
    logEvery: everySteps(1),
    loggers: [logger],
    ...options,
    callbacks: [recorder, watch, ...(options.callbacks ?? [])],
  }).fit(
    module,
    { train: shuffled(), validate: boringBatches({ batches: 2 }), ...data } as never,
    ckptPath === undefined ? {} : { ckptPath },
  )
  const parameters = parametersOf(module)
  module.dispose()
  return { losses: recorder.losses, parameters, rows: logger.rows, states: watch.state?.() }
}

const saving = (every: Trigger) => modelCheckpoint({ every, saveTopK: -1, dirpath: 'c', filename: '{step}' })

/** A run that ends after `steps`, and one that goes on from its newest checkpoint, against one that was not interrupted. */
async function interrupted({
  every,
  steps,
  feedback = false,
  data = {},
  options = {},
}: {
  every: Trigger
  steps: number
  feedback?: boolean
  data?: object
  options?: TrainerOptions
}) {
  const straight = await run(
    { maxEpochs: 4, callbacks: [saving(every)], checkpointIO: new MemoryCheckpoints(), ...options },
    new RowLogger(),
    undefined,
    feedback,
    data,
  )
  const checkpointIO = new MemoryCheckpoints()
  const logger = new RowLogger()
  const first = await run(
    { maxEpochs: 4, maxSteps: steps, callbacks: [saving(every)], checkpointIO, ...options },
    logger,
    undefined,
    feedback,
    data,
  )
  const second = await run(
    { maxEpochs: 4, callbacks: [saving(every)], checkpointIO, ...options },
    logger,
    'last',
    feedback,
    data,
  )
  return { straight, first, second }
}

test('the same seed gives the same losses and parameters to the last bit, another seed others', async () => {
  const [one, other] = [
    await run({ seed: 7, maxEpochs: 2 }, new RowLogger()),
    await run({ seed: 7, maxEpochs: 2 }, new RowLogger()),
  ]
  expect(one.losses).toHaveLength(12)
  expect(other).toEqual(one)
  expect((await run({ seed: 8, maxEpochs: 2 }, new RowLogger())).losses).not.toEqual(one.losses)
})

test('the order differs from epoch to epoch, so that resuming must find the right one', async () => {
  const { losses } = await run({ maxEpochs: 2 }, new RowLogger())
  const module = new BoringModule()
  const epochs: number[][] = [[], []]
  const look = {
    name: 'look',
    onTrainBatchStart: (...args: unknown[]) =>
      void epochs[(args[2] as { clock: { epoch: number } }).clock.epoch]?.push(
        ((args[0] as { x: Tensor }).x.dataSync() as Float32Array)[0] as number,
      ),
  }
  await quietTrainer({ callbacks: [look as never], maxEpochs: 2 }).fit(module, { train: shuffled() } as never)
  module.dispose()
  expect(epochs[0]).not.toEqual(epochs[1])
  expect(losses).toHaveLength(12)
})

describe('a run that is resumed goes on bit for bit', () => {
  // 22 samples are 6 batches: 24 steps in four epochs.
  test.each([
    ['from the end of an epoch', everyEpochs(1), 12, 12],
    ['from where a limit has cut an epoch short', everyEpochs(1), 15, 15],
    ['from the middle of an epoch', everySteps(4), 8, 8],
    ['from the middle, after steps that were lost', everySteps(5), 13, 10],
    ['from the last step of an epoch', everySteps(6), 12, 12],
    ['from the end of a run that ended with an epoch', atEnd(), 12, 12],
    ['from the end of a run that ended within one', atEnd(), 15, 15],
  ])('%s', async (_name, every, steps, from) => {
    const { straight, second } = await interrupted({ every, steps })
    expect(second.losses).toEqual(straight.losses.slice(from))
    expect(second.parameters).toEqual(straight.parameters)
    expect(second.states).toEqual(straight.states)
  })

  test('with a schedule that answers to a metric', async () => {
    const { straight, second } = await interrupted({ every: everyEpochs(1), steps: 12, feedback: true })
    expect(second.losses).toEqual(straight.losses.slice(12))
  })

  test('with accumulation', async () => {
    const { straight, second } = await interrupted({
      every: everySteps(2),
      steps: 5,
      options: { accumulateGradBatches: 2 },
    })
    expect(second.losses).toEqual(straight.losses.slice(8))
    expect(second.parameters).toEqual(straight.parameters)
  })

  test('with a loader that cannot be sought: what was consumed is read and left out', async () => {
    const { straight, second } = await interrupted({
      every: everySteps(5),
      steps: 11,
      data: { train: boringBatches({ batches: 6 }) },
    })
    expect(second.losses).toEqual(straight.losses.slice(10))
  })

  test.each([
    ['the end of an epoch', everyEpochs(1), 15, {}],
    ['a step', everySteps(5), 13, {}],
    ['a step after which validation runs', everySteps(4), 9, { valCheckInterval: everySteps(4) }],
  ])('from %s, and its loggers have every row once', async (_name, every, steps, options) => {
    const { straight, second } = await interrupted({ every, steps, options })
    expect(second.rows).toEqual(straight.rows)
  })
})

test('what cannot be bit for bit is said before the run goes on', async () => {
  const checkpointIO = new MemoryCheckpoints()
  const module = new BoringModule()
  const data = { train: boringBatches() }
  await quietTrainer({ checkpointIO, callbacks: [modelCheckpoint({ dirpath: 'c' })], seed: 1 }).fit(module, data)
  const platform = new TestPlatform()
  await quietTrainer({
    checkpointIO,
    callbacks: [modelCheckpoint({ dirpath: 'c' })],
    seed: 2,
    maxEpochs: 2,
    platform,
  }).fit(module, data, {
    ckptPath: 'last',
  })
  module.dispose()
  expect(platform.written).toContain(
    'warning: This run goes on, but not bit for bit: the checkpoint was made with another seed (1 then, 2 now).',
  )
})
