import '@tensorflow/tfjs-backend-cpu'
import {
  CurrentBackend,
  engineMemory,
  everySteps,
  LevinError,
  Module,
  never,
  Parameter,
  SingleDevice,
  zeros,
} from '@levin/core'
import {
  type BoringBatch,
  BoringLoader,
  BoringModule,
  boringBatches,
  MemoryCheckpoints,
  PlainSgd,
  TestPlatform,
} from '@levin/testing'
import { log, mean, mul, scalar, square, variable } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { earlyStopping, modelCheckpoint } from '../src/callbacks.js'
import type { TrainerOptions } from '../src/index.js'
import { quietTrainer, refusal, saveEachEpoch } from './support.js'

const data = { train: boringBatches({ batches: 6 }), validate: boringBatches() }

/** The error of a fit; nothing of it may stay behind. */
async function failing(
  code: Parameters<typeof refusal>[1],
  module: Module,
  options: TrainerOptions = {},
  given: unknown = data,
) {
  const before = engineMemory()
  const error = await refusal(() => quietTrainer(options).fit(module, (given ?? undefined) as never), code)
  module.dispose()
  expect(engineMemory()).toEqual(before)
  return error
}

const withLoss = (
  loss: (batch: BoringBatch, module: BoringModule, step: Parameters<BoringModule['trainingStep']>[1]) => unknown,
) =>
  new (class Strange extends BoringModule {
    override trainingStep(...[batch, step]: Parameters<BoringModule['trainingStep']>) {
      return loss(batch, this, step) as never
    }
  })()

describe('a module', () => {
  test('without trainingStep', async () => {
    class Untrained extends Module {
      configureOptimizers = () => new PlainSgd([])
    }
    const { message } = await failing('LEVIN_INVALID_MODULE', new Untrained())
    expect(message).toContain('Untrained has no trainingStep(), which fit() needs. Add trainingStep() to Untrained.')
  })

  test('without configureOptimizers', async () => {
    class Unoptimized extends Module {
      trainingStep() {
        return scalar(1)
      }
    }
    const { message } = await failing('LEVIN_INVALID_MODULE', new Unoptimized())
    expect(message).toMatch(/Unoptimized has no configureOptimizers\(\).*configureOptimizers\(\) \{ return adamW\(/)
  })

  test.each(['validate', 'test'] as const)('without %sStep', async (stage) => {
    class Bare extends Module {}
    const step = stage === 'validate' ? 'validationStep' : 'testStep'
    const error = await refusal(() => quietTrainer()[stage](new Bare(), data), 'LEVIN_INVALID_MODULE')
    expect(error.message).toContain(`Bare has no ${step}(), which ${stage}() needs.`)
  })

  test('that is none', async () => {
    const error = await refusal(
      () => quietTrainer().fit({ trainingStep() {} } as never, data as never),
      'LEVIN_INVALID_MODULE',
    )
    expect(error.message).toContain('fit() got no module. Expected an instance of a class that extends Module')
  })

  test('whose optimizer trains what the module does not hold', async () => {
    const stranger = new BoringModule()
    class Borrowing extends BoringModule {
      override configureOptimizers() {
        return new PlainSgd([...this.parameters(), ...stranger.parameters()])
      }
    }
    const { message } = await failing('LEVIN_INVALID_MODULE', new Borrowing())
    expect(message).toMatch(
      /trains a parameter of shape \[\d.*\] that Borrowing does not hold. Give it this.parameters/,
    )
  })

  test('whose parameters are all frozen', async () => {
    const { message } = await failing('LEVIN_LOSS_NOT_CONNECTED', new BoringModule().freeze())
    expect(message).toContain('every parameter of the optimizer is frozen. Call unfreeze()')
  })

  test.each([
    ['LEVIN_INVALID_MODULE', { schedule: () => 0.5 }, 'returned as a schedule is none.'],
    ['LEVIN_INVALID_MODULE', { schedule: null }, 'returned as a schedule is none.'],
    ['LEVIN_BAD_OPTION', { schedule: undefined, interval: 'steps' }, "'step' or 'epoch', found 'steps'"],
  ] as const)('whose schedule is wrong: %s', async (code, more, text) => {
    class Odd extends BoringModule {
      override configureOptimizers() {
        return { optimizer: super.configureOptimizers(), ...more } as never
      }
    }
    expect((await failing(code, new Odd())).message).toContain(text)
  })

  test('whose configureOptimizers returns something else, or several optimizers', async () => {
    class Nothing extends BoringModule {
      override configureOptimizers() {
        return { learningRate: 1 } as never
      }
    }
    expect((await failing('LEVIN_INVALID_MODULE', new Nothing())).message).toMatch(
      /Nothing.configureOptimizers\(\) returned no optimizer.*found an object with learningRate/,
    )
    class Two extends BoringModule {
      override configureOptimizers() {
        return [super.configureOptimizers(), super.configureOptimizers()] as never
      }
    }
    expect((await failing('LEVIN_INVALID_MODULE', new Two())).message).toMatch(
      /returned 2 optimizers. Several optimizers need manual optimization/,
    )
  })

  test('with an async trainingStep or validationStep', async () => {
    const { message } = await failing(
      'LEVIN_ASYNC_STEP',
      withLoss(async () => scalar(1)),
    )
    expect(message).toContain('Strange.trainingStep() is async. Make it synchronous')
    class AsyncValidation extends BoringModule {
      override validationStep() {
        return Promise.reject(new Error('nobody hears this')) as never
      }
    }
    const validation = await failing('LEVIN_ASYNC_STEP', new AsyncValidation())
    expect(validation.message).toContain('AsyncValidation.validationStep() is async.')
  })

  test('of tf.Variables under a strategy that shards', async () => {
    class Plain extends BoringModule {
      readonly extra = variable(scalar(1))
    }
    const strategy = Object.assign(new SingleDevice(), {
      name: 'sharding',
      capabilities: { ...new SingleDevice().capabilities, shardsParameters: true },
    })
    const module = new Plain()
    const error = await refusal(() => quietTrainer({ strategy }).fit(module, data), 'LEVIN_NOT_SUPPORTED')
    module.dispose()
    expect(error.message).toMatch(
      /'sharding' shards parameters, and 'extra' is a plain tf.Variable.*Declare it as a Parameter/,
    )
  })
})

describe('a loss', () => {
  test.each<[string, Parameters<typeof withLoss>[0], RegExp]>([
    [
      'that is a vector',
      ({ x }) => square(x),
      /Strange.trainingStep\(\) returned no loss.*found a float32 tensor of shape \[4, 8\].*tf.mean/,
    ],
    ['that is nothing', () => undefined, /found undefined. Return the loss/],
    ['that is a number', () => 0.5, /Expected a scalar float32 tensor, or \{ loss, weight \}, found 0.5/],
    ['of whole numbers', () => scalar(1, 'int32'), /found an int32 tensor/],
    [
      'with a weight that is none',
      (batch, module, step) => ({ loss: module.loss(batch, step), weight: -1 }),
      /The weight that .* cannot be used. Expected a finite number of at least 0, found -1/,
    ],
  ])('%s', async (_name, loss, message) => {
    expect((await failing('LEVIN_INVALID_LOSS', withLoss(loss))).message).toMatch(message)
  })

  test('that depends on no parameter', async () => {
    const { message } = await failing(
      'LEVIN_LOSS_NOT_CONNECTED',
      withLoss(({ x }) => mean(square(x))),
    )
    expect(message).toContain('The loss depends on none of the 2 parameters that the optimizer trains.')
    const read = withLoss((batch, module, step) => scalar(module.loss(batch, step).dataSync()[0] as number))
    expect((await failing('LEVIN_LOSS_NOT_CONNECTED', read)).message).toContain('without reading values back')
  })

  /** NaN from batch 4 of the second epoch on. */
  const nanAt = (globalStep: number) =>
    withLoss((batch, module, step) =>
      mul(module.loss(batch, step), log(scalar(step.globalStep >= globalStep ? -1 : 3))),
    )

  test('that is not finite, with step and batch, at once', async () => {
    const { message } = await failing('LEVIN_NON_FINITE_LOSS', nanAt(9), { maxEpochs: 3 })
    expect(message).toMatch(
      /The loss became NaN at step 9, batch 3 of its epoch. Lower the learning rate, clip gradients/,
    )
  })

  describe('that is not finite, where the host does not own the memory,', () => {
    class Remote extends CurrentBackend {
      override get capabilities() {
        return { ...super.capabilities, hostMemory: false, synchronousRead: false }
      }
    }
    const remote = (options: TrainerOptions): TrainerOptions => ({
      accelerator: new Remote(),
      logEvery: never(),
      maxEpochs: 3,
      ...options,
    })

    test('at the end of the epoch, with the step and batch where it began', async () => {
      const { message } = await failing('LEVIN_NON_FINITE_LOSS', nanAt(9), remote({}))
      expect(message).toContain('The loss became NaN or infinite at step 9, batch 3 of its epoch.')
    })

    test('at the log trigger', async () => {
      let steps = 0
      const count = { name: 'count', onTrainBatchEnd: () => void steps++ }
      const module = nanAt(1)
      const { message } = await failing(
        'LEVIN_NON_FINITE_LOSS',
        module,
        remote({ logEvery: everySteps(3), callbacks: [count] }),
      )
      expect(message).toContain('at step 1, batch 1')
      expect(steps).toBe(3)
    })

    test('when steps run out, and when the run is stopped', async () => {
      expect((await failing('LEVIN_NON_FINITE_LOSS', nanAt(1), remote({ maxSteps: 4 }))).message).toContain('step 1')
      const stop = {
        name: 'stop',
        onTrainBatchEnd: (...args: unknown[]) => (args[3] as { requestStop(r: string): void }).requestStop('requested'),
      }
      expect((await failing('LEVIN_NON_FINITE_LOSS', nanAt(0), remote({ callbacks: [stop] }))).message).toContain(
        'step 0',
      )
    })
  })
})

/** A generator's object: once it has ended or was let go, it gives nothing any more. */
function* once() {
  yield* boringBatches()
}

describe('data', () => {
  test('whose shape does not fit names the layer', async () => {
    const { message } = await failing(
      'LEVIN_BATCH_SHAPE',
      new BoringModule(),
      {},
      { train: boringBatches({ features: 5 }) },
    )
    expect(message).toMatch(
      /^'layer' \(BoringLinear\) failed on a float32 tensor of shape \[4, 5\]: .*matMul.*Check that what goes in/,
    )
  })

  test.each([
    ['training', { train: [] }],
    ['validate', { train: boringBatches(), validate: { *[Symbol.iterator]() {} } }],
  ])('an empty %s loader', async (stage, given) => {
    const { message } = await failing('LEVIN_EMPTY_LOADER', new BoringModule(), {}, given)
    expect(message).toContain(
      `The ${stage} loader yielded no batch. Check the dataset, and that batchSize with dropLast`,
    )
  })

  test.each([
    ['training', { train: once() }, { maxEpochs: 2 }],
    ['validate', { train: boringBatches(), validate: once() }, {}],
  ])('a %s loader that can be read once only, when it is read again', async (stage, given, options) => {
    const more = { ...options, numSanityValSteps: 1 }
    const { message } = await failing('LEVIN_EMPTY_LOADER', new BoringModule(), more, given)
    expect(message).toContain(
      `The ${stage} loader yielded no batch, and it has been read before. What can be read once`,
    )
  })

  test('the second of several loaders, by its number', async () => {
    const given = { train: boringBatches(), validate: [boringBatches(), { batchCount: 0, *[Symbol.iterator]() {} }] }
    const { message } = await failing('LEVIN_EMPTY_LOADER', new BoringModule(), {}, given)
    expect(message).toContain('The validate loader 1 yielded no batch')
  })

  test('none at all, or no data', async () => {
    expect((await failing('LEVIN_DATA', new BoringModule(), {}, null)).message).toContain(
      'There are no data to train on. Expected trainDataLoader() in the data module, or { train: loader }.',
    )
    expect((await failing('LEVIN_DATA', new BoringModule(), {}, { trian: [] })).message).toContain(
      "found the key 'trian'",
    )
    expect((await failing('LEVIN_DATA', new BoringModule(), {}, { train: 5 })).message).toContain(
      'The train loader cannot be iterated. Expected a DataLoader, an array of batches, or another iterable, found 5.',
    )
    expect((await failing('LEVIN_DATA', new BoringModule(), {}, { train: [undefined] })).message).toContain(
      'A loader yielded no batch.',
    )
  })
})

test('a metric to monitor that nobody logs', async () => {
  const stopping = await failing('LEVIN_METRIC_NOT_FOUND', new BoringModule(), {
    callbacks: [earlyStopping({ monitor: 'val/acc' })],
  })
  expect(stopping.message).toMatch(
    /earlyStopping watches 'val\/acc', which nothing has logged. Found .*'val\/loss'.*Log it by step.log\('val\/acc'/,
  )
  const checkpointIO = new MemoryCheckpoints()
  const callbacks = [modelCheckpoint({ monitor: 'val/acc' })]
  const saving = await failing('LEVIN_METRIC_NOT_FOUND', new BoringModule(), { callbacks, checkpointIO })
  expect(saving.message).toContain("modelCheckpoint watches 'val/acc', which nothing has logged.")
})

test('a second fit while one runs in the thread, and none after it', async () => {
  const [one, other] = [new BoringModule(), new BoringModule()]
  const first = quietTrainer().fit(one, data)
  const error = await refusal(() => quietTrainer().predict(other, { predict: boringBatches() }), 'LEVIN_BUSY')
  expect(error.message).toBe(
    'predict() was called while fit() is running in this thread. Await the first run, or start the second one in a worker.',
  )
  await first
  await quietTrainer().fit(other, data)
  one.dispose()
  other.dispose()
})

describe('checkpoints', () => {
  test('a folder that cannot be written ends the run before the first step', async () => {
    const checkpointIO = Object.assign(new MemoryCheckpoints(), { failure: new Error('EACCES: permission denied') })
    let steps = 0
    const module = withLoss((batch, own, step) => {
      steps++
      return own.loss(batch, step)
    })
    const { message } = await failing('LEVIN_FILES', module, { checkpointIO, defaultRootDir: '/mnt/full' })
    expect(message).toContain("Cannot write '/mnt/full/checkpoints': EACCES: permission denied.")
    expect(steps).toBe(0)
  })

  test('of another model, with what differs', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const module = new BoringModule()
    await quietTrainer({ checkpointIO, callbacks: [saveEachEpoch], enableCheckpointing: false }).fit(module, data)
    module.dispose()
    const resume = async (other: BoringModule, code: Parameters<typeof refusal>[1]) => {
      const trainer = quietTrainer({ checkpointIO, enableCheckpointing: false, maxEpochs: 2 })
      const error = await refusal(() => trainer.fit(other, data, { ckptPath: 'epoch-0' }), code)
      other.dispose()
      return error.message
    }
    class Deeper extends BoringModule {
      readonly scale = new Parameter([1], zeros())
    }
    expect(await resume(new Deeper(), 'LEVIN_CHECKPOINT_MISMATCH')).toContain(
      'The checkpoint is of another model: it lacks scale.',
    )
    expect(await resume(new BoringModule({ outputs: 3 }), 'LEVIN_CHECKPOINT_MISMATCH')).toContain(
      "'layer.weight' has shape [8, 2] in the checkpoint and [8, 3] in the model.",
    )
  })

  test('that is not there, and none to resume from by name', async () => {
    const run = (ckptPath: string, options: TrainerOptions = {}) =>
      refusal(
        () =>
          quietTrainer({ checkpointIO: new MemoryCheckpoints(), ...options }).fit(new BoringModule(), data, {
            ckptPath,
          }),
        'LEVIN_CHECKPOINT_NOT_FOUND',
      )
    expect((await run('runs/7')).message).toContain("'runs/7'")
    expect((await run('last')).message).toContain(
      "There is no 'last' checkpoint. Give the location of a checkpoint, or set dirpath",
    )
    expect((await run('best', { enableCheckpointing: false })).message).toContain(
      'Add modelCheckpoint() to the callbacks',
    )
  })

  test('where nothing can store them', async () => {
    const error = await refusal(
      () => quietTrainer().fit(new BoringModule(), data, { ckptPath: 'x' }),
      'LEVIN_UNAVAILABLE',
    )
    expect(error.message).toContain("Install @levin/checkpoints and import '@levin/checkpoints/register'")
  })

  test('of weights only cannot be resumed from', async () => {
    const checkpointIO = new MemoryCheckpoints()
    const callbacks = [modelCheckpoint({ saveWeightsOnly: true, dirpath: 'w' })]
    const module = new BoringModule()
    await quietTrainer({ checkpointIO, callbacks }).fit(module, data)
    const error = await refusal(
      () =>
        quietTrainer({ checkpointIO, maxEpochs: 2 }).fit(module, data, {
          ckptPath: checkpointIO.locations[0] as string,
        }),
      'LEVIN_CHECKPOINT_MISMATCH',
    )
    await quietTrainer({ checkpointIO }).validate(module, data, { ckptPath: checkpointIO.locations[0] as string })
    module.dispose()
    expect(error.message).toMatch(/holds weights only, so a run cannot go on from it. Load the weights with loadModule/)
  })
})

test('nothing to compute on is said with the package to install', async () => {
  const platform = new TestPlatform()
  const accelerator = Object.assign(new CurrentBackend(), {
    setup: () => Promise.reject(new LevinError('LEVIN_UNAVAILABLE', { message: 'no backend', remedy: 'Install one.' })),
  })
  const error = await refusal(
    () => quietTrainer({ platform, accelerator }).fit(new BoringModule(), data),
    'LEVIN_UNAVAILABLE',
  )
  expect(error.message).toBe('no backend Install one.')
  const after = new BoringModule()
  await quietTrainer().fit(after, { train: new BoringLoader({ batches: 1 }) })
  after.dispose()
})
