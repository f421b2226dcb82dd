import '@tensorflow/tfjs-backend-cpu'
import {
  CurrentBackend,
  type EvaluationStep,
  everySteps,
  HostScalarSink,
  type LogValue,
  type MetricDefinition,
  never,
  type StepLogOptions,
  type TrainingStep,
} from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches } from '@levin/testing'
import { scalar, tensor1d } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { TrainerOptions } from '../src/index.js'
import '@levin/testing/vitest'
import { quietTrainer, RowLogger, refusal } from './support.js'

type Log = (step: TrainingStep | EvaluationStep) => void

/** Logs what the test says, and nothing else. */
class Logging extends BoringModule {
  readonly #train: Log
  readonly #validate: Log

  constructor({ train = () => {}, validate = () => {} }: { train?: Log; validate?: Log }) {
    super()
    this.#train = train
    this.#validate = validate
  }

  override trainingStep(batch: BoringBatch, step: TrainingStep) {
    this.#train(step)
    return this.loss(batch, step)
  }

  override validationStep(_batch: BoringBatch, step: EvaluationStep) {
    this.#validate(step)
  }
}

async function logged(logs: { train?: Log; validate?: Log }, options: TrainerOptions = {}, data: object = {}) {
  const logger = new RowLogger()
  const module = new Logging(logs)
  try {
    const result = await quietTrainer({ loggers: [logger], logEvery: everySteps(1), ...options }).fit(module, {
      train: boringBatches({ batches: 4 }),
      validate: boringBatches({ batches: 2 }),
      ...data,
    })
    return { logger, rows: logger.rows, metrics: result.metrics }
  } finally {
    module.dispose()
  }
}

const batches = (...sizes: number[]) => sizes.flatMap((batchSize) => boringBatches({ batches: 1, batchSize }))

describe('what a step logs by default', () => {
  test('in training: its value at the log trigger, and the newest one in the result', async () => {
    const { rows, metrics } = await logged(
      { train: (step) => step.log('a', step.batchIndex * 10) },
      { logEvery: everySteps(2) },
    )
    expect(rows).toEqual([
      { step: 2, epoch: 0, metrics: { a: 10 } },
      { step: 4, epoch: 0, metrics: { a: 30 } },
    ])
    expect(metrics).toEqual({ a: 30 })
  })

  test('in validation: the mean over the epoch, with the step and epoch at hand', async () => {
    const { rows } = await logged({ validate: (step) => step.log('b', step.batchIndex) }, { maxEpochs: 2 })
    expect(rows).toEqual([
      { step: 4, epoch: 0, metrics: { b: 0.5 } },
      { step: 8, epoch: 1, metrics: { b: 0.5 } },
    ])
  })

  test('scalars on the device are logged as numbers are', async () => {
    const { rows } = await logged(
      { train: (step) => step.log('a', scalar(step.batchIndex)) },
      { logEvery: everySteps(4) },
    )
    expect(rows).toEqual([{ step: 4, epoch: 0, metrics: { a: 3 } }])
  })

  test('nothing is logged where nothing was written', async () => {
    const sometimes: Log = (step) =>
      step.batchIndex === 0 && step.globalStep === 0 && step.log('rare', 1, { onStep: false, onEpoch: true })
    expect((await logged({ train: sometimes }, { maxEpochs: 2 })).logger.of('rare')).toEqual([[4, 1]])
  })
})

describe('onStep and onEpoch', () => {
  test('together give two names, and the plain one stands for the newest in the result', async () => {
    const { logger, metrics } = await logged({
      train: (step) => step.log('loss', step.batchIndex, { onStep: true, onEpoch: true }),
    })
    expect(logger.of('loss_step')).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
    ])
    expect(logger.of('loss_epoch')).toEqual([[4, 1.5]])
    expect(logger.of('loss')).toEqual([])
    expect(metrics).toEqual({ loss_step: 3, loss_epoch: 1.5, loss: 1.5 })
  })

  test('both false is refused; so is onStep where there is no step', async () => {
    const neither = await refusal(() => logged({ train: (s) => s.log('x', 1, { onStep: false }) }), 'LEVIN_LOG')
    expect(neither.message).toContain("'x' would never be logged: onStep and onEpoch are both false. Set one of them.")
    const callback = {
      name: 'c',
      onTrainEpochEnd: (run: { log(name: string, value: LogValue, options?: StepLogOptions): void }) =>
        run.log('y', 1, { onStep: true }),
    }
    const epoch = await refusal(() => logged({}, { callbacks: [callback] }), 'LEVIN_LOG')
    expect(epoch.message).toContain("'y' cannot be logged with onStep here: there is no step.")
  })

  test('in validation, onStep gives a row per batch beside that of the epoch', async () => {
    const { logger } = await logged({ validate: (step) => step.log('v', step.batchIndex + 1, { onStep: true }) })
    expect(logger.of('v_step').map(([, value]) => value)).toEqual([1, 2])
    expect(logger.of('v_epoch')).toEqual([[4, 1.5]])
  })
})

describe('reductions over an epoch', () => {
  const epochOf = async (name: string, log: Log, options: TrainerOptions = {}) =>
    (await logged({ validate: log }, options, { validate: batches(4, 4, 1) })).logger.of(name)[0]?.[1]

  test('mean weighs by samples, so a last batch that is not full counts as what it is', async () => {
    expect(await epochOf('m', (step) => step.log('m', step.batchIndex))).toBeAllClose((0 * 4 + 1 * 4 + 2 * 1) / 9)
  })

  test('mean weighs by batchSize where it is given', async () => {
    expect(await epochOf('m', (step) => step.log('m', step.batchIndex, { batchSize: 1 }))).toBe(1)
    const weight = (step: { batchIndex: number }) => [1, 0, 3][step.batchIndex] as number
    expect(await epochOf('m', (step) => step.log('m', step.batchIndex, { batchSize: weight(step) }))).toBe(1.5)
  })

  test.each([
    ['sum', 3],
    ['min', 0],
    ['max', 2],
  ] as const)('%s', async (reduction, expected) => {
    expect(await epochOf('m', (step) => step.log('m', step.batchIndex, { reduction }))).toBe(expected)
  })

  test('NaN shows in every reduction', async () => {
    for (const reduction of ['mean', 'sum', 'min', 'max'] as const)
      expect(
        await epochOf('m', (step) => step.log('m', step.batchIndex === 1 ? Number.NaN : 1, { reduction })),
      ).toBeNaN()
  })

  test('another word is refused', async () => {
    const error = await refusal(() => epochOf('m', (s) => s.log('m', 1, { reduction: 'median' as never })), 'LEVIN_LOG')
    expect(error.message).toContain(
      "'m' cannot be reduced this way. Expected 'mean', 'sum', 'min' or 'max', found 'median'.",
    )
  })

  test('each epoch begins anew', async () => {
    const log: Log = (step) => step.log('s', 1, { onStep: false, onEpoch: true, reduction: 'sum' })
    expect((await logged({ train: log }, { maxEpochs: 3 })).logger.of('s')).toEqual([
      [4, 4],
      [8, 4],
      [12, 4],
    ])
  })
})

describe('metric states', () => {
  const ratio: MetricDefinition = {
    name: 'ratio',
    size: 2,
    reduction: 'sum',
    compute: ([hits = 0, all = 0]) => hits / all,
  }
  const range: MetricDefinition = {
    name: 'top',
    size: 1,
    reduction: 'max',
    compute: ([top = 0]) => ({ top, twice: 2 * top }),
  }

  test('merge over an epoch and are computed at its end', async () => {
    const { logger } = await logged({
      validate: (step) =>
        step.log('acc', { metric: ratio, state: tensor1d([step.batchIndex * 3, step.batchIndex === 0 ? 1 : 5]) }),
    })
    expect(logger.of('acc')).toEqual([[4, 0.5]])
  })

  test('may come to several values, logged below the name', async () => {
    const { rows } = await logged({
      validate: (step) => step.log('r', { metric: range, state: tensor1d([step.batchIndex + 1]) }),
    })
    expect(rows).toEqual([{ step: 4, epoch: 0, metrics: { 'r/top': 2, 'r/twice': 4 } }])
  })
})

describe('several dataloaders', () => {
  const two = { validate: [boringBatches({ batches: 1 }), boringBatches({ batches: 3 })] }

  test('have their number in the name', async () => {
    const { rows } = await logged(
      { validate: (step) => step.log('n', (step as EvaluationStep).dataloaderIndex) },
      {},
      two,
    )
    expect(rows).toEqual([{ step: 4, epoch: 0, metrics: { 'n/dataloader_0': 0, 'n/dataloader_1': 1 } }])
  })

  test('are merged under one name with addDataloaderIndex: false', async () => {
    const { rows } = await logged(
      { validate: (step) => step.log('n', (step as EvaluationStep).dataloaderIndex, { addDataloaderIndex: false }) },
      {},
      two,
    )
    expect(rows).toEqual([{ step: 4, epoch: 0, metrics: { n: 0.75 } }])
  })
})

describe('what is refused', () => {
  test.each([
    [
      'a vector',
      () => tensor1d([1, 2]),
      "'x' cannot be logged. Expected a number, a scalar tensor or a metric state, found a float32 tensor of shape [2]. Reduce it first",
    ],
    [
      'a string',
      () => 'high',
      "'x' cannot be logged. Expected a number, a scalar tensor or a metric state, found 'high'.",
    ],
    ['nothing', () => undefined, 'found undefined'],
  ])('%s', async (_name, value, message) => {
    const error = await refusal(() => logged({ train: (step) => step.log('x', value() as never) }), 'LEVIN_LOG')
    expect(error.message).toContain(message)
  })

  test.each<[string, StepLogOptions, StepLogOptions, string]>([
    ['onStep', { onStep: true }, { onStep: false, onEpoch: true }, "'x' was logged before with another onStep"],
    ['onEpoch', {}, { onEpoch: true }, "'x' was logged before with another onEpoch"],
    [
      'reduction',
      { onEpoch: true },
      { onEpoch: true, reduction: 'sum' },
      "'x' was logged before with another reduction",
    ],
  ])('one name in two ways: %s', async (_name, first, second, message) => {
    const log: Log = (step) => step.log('x', 1, step.batchIndex === 0 ? first : second)
    expect((await refusal(() => logged({ train: log }), 'LEVIN_LOG')).message).toContain(message)
  })

  test('a step of prediction has no log at all', async () => {
    let keys: boolean | undefined
    class Predicting extends BoringModule {
      override predictStep(...[batch, step]: Parameters<BoringModule['predictStep']>) {
        keys = 'log' in step
        return super.predictStep(batch, step)
      }
    }
    const module = new Predicting()
    await quietTrainer().predict(module, { predict: boringBatches() })
    module.dispose()
    expect(keys).toBe(false)
  })
})

describe('where values go', () => {
  test('logger: false keeps a value out of the loggers, and progressBar: true puts it into the bar', async () => {
    let bar: object = {}
    const look = {
      name: 'look',
      onTrainEnd: (run: { progressBarMetrics: object }) => void Object.assign(bar, run.progressBarMetrics),
    }
    bar = {}
    const { rows, metrics } = await logged(
      {
        train: (step) => {
          step.log('secret', 1, { logger: false, progressBar: true })
          step.logAll({ a: 2, b: 3 })
        },
      },
      { callbacks: [look], logEvery: everySteps(4) },
    )
    expect(rows).toEqual([{ step: 4, epoch: 0, metrics: { a: 2, b: 3 } }])
    expect(metrics).toEqual({ secret: 1, a: 2, b: 3 })
    expect(bar).toEqual({ secret: 1 })
  })

  test('every logger gets every row, the hyper-parameters once, and word of the end', async () => {
    const [one, other] = [new RowLogger(), new RowLogger()]
    class WithHparams extends BoringModule {
      readonly hparams = { learningRate: 0.1 }
    }
    const module = new WithHparams()
    await quietTrainer({ loggers: [one, other], logEvery: everySteps(2) }).fit(module, { train: boringBatches() })
    module.dispose()
    expect(one.rows).toHaveLength(2)
    expect(other.rows).toEqual(one.rows)
    expect([one.hyperparameters, other.hyperparameters]).toEqual([{ learningRate: 0.1 }, { learningRate: 0.1 }])
    expect([one.statuses, other.statuses]).toEqual([['completed'], ['completed']])
  })

  test('a logger that cannot be closed costs a warning, not the result', async () => {
    const { TestPlatform } = await import('@levin/testing')
    const platform = new TestPlatform()
    const broken = Object.assign(new RowLogger(), { finalize: () => Promise.reject(new Error('no connection')) })
    const module = new BoringModule()
    const { status } = await quietTrainer({ loggers: [broken], platform }).fit(module, { train: boringBatches() })
    module.dispose()
    expect(status).toBe('completed')
    expect(platform.written).toContain("warning: The logger 'rows' could not be closed: no connection")
  })
})

describe('reads', () => {
  async function reads(options: TrainerOptions): Promise<number[]> {
    const at: number[] = []
    let step = 0
    class Spy extends HostScalarSink {
      override read(...args: Parameters<HostScalarSink['read']>) {
        if (args[0].length > 0) at.push(step)
        return super.read(...args)
      }
    }
    const accelerator = Object.assign(new CurrentBackend(), { createScalarSink: () => new Spy() })
    const note = { name: 'note', onTrainBatchStart: () => void step++ }
    const module = new BoringModule()
    const data = { train: boringBatches({ batches: 10 }) }
    await quietTrainer({ accelerator, callbacks: [note], ...options }).fit(module, data)
    module.dispose()
    return at
  }

  test('nothing is read before a trigger fires', async () => {
    expect(await reads({ logEvery: everySteps(4) })).toEqual([4, 8])
    expect(await reads({ logEvery: never() })).toEqual([])
  })

  test('nor is the loss, where memory is not the host’s', async () => {
    const accelerator = new (class extends CurrentBackend {
      override get capabilities() {
        return { ...super.capabilities, hostMemory: false }
      }
    })()
    const module = new BoringModule()
    let transfers = 0
    const sink = accelerator.createScalarSink.bind(accelerator)
    accelerator.createScalarSink = () => {
      const made = sink()
      const read = made.read.bind(made)
      made.read = (slots) => {
        transfers++
        return read(slots)
      }
      return made
    }
    await quietTrainer({ accelerator, logEvery: never() }).fit(module, { train: boringBatches({ batches: 100 }) })
    module.dispose()
    expect(transfers).toBeLessThan(5)
  })
})
