import '@tensorflow/tfjs-backend-cpu'
import { CurrentBackend, definePlugin, type LevinError, SingleDevice } from '@levin/core'
import { BoringModule, boringBatches, MemoryCheckpoints } from '@levin/testing'
import { describe, expect, test } from 'vitest'
import { earlyStopping } from '../src/callbacks.js'
import { Trainer } from '../src/index.js'
import { method, quietTrainer, RowLogger, refusal } from './support.js'

const data = { train: boringBatches() }

describe('plugins', () => {
  test.each(['accelerator', 'strategy', 'loggers', 'callbacks', 'checkpointIO'] as const)(
    'an unknown name for %s',
    (option) => {
      const value = option === 'loggers' || option === 'callbacks' ? ['nonsense'] : 'nonsense'
      const make = () => new Trainer({ [option]: value } as never)
      expect(make).toThrow(
        /No \w+ is called 'nonsense'; known: none. Pass it as a value, list it in `plugins`, or import/,
      )
      expect(make).toThrow(expect.objectContaining({ code: 'LEVIN_UNKNOWN_PLUGIN' }))
    },
  )

  test.each(['gpu', 'tpu', 'mps', 'ipu', 'hpu'])('the reserved accelerator %s', (name) => {
    expect(() => new Trainer({ accelerator: name as never })).toThrow(
      expect.objectContaining({ code: 'LEVIN_RESERVED_NAME' }),
    )
  })

  const made = {
    accelerator: () => new CurrentBackend(),
    strategy: () => new SingleDevice(),
    logger: () => new RowLogger(),
    checkpointIO: () => new MemoryCheckpoints(),
  } as const
  test.each(['accelerator', 'strategy', 'logger', 'checkpointIO'] as const)(
    'an %s that cannot run here, with reason and remedy',
    async (kind) => {
      const plugin = definePlugin({
        kind,
        name: 'absent',
        apiVersion: 1,
        availability: () => ({ ok: false, reason: 'there is no such device.', remedy: 'Plug it in.' }),
        create: () => made[kind]() as never,
      })
      const choice = kind === 'logger' ? { loggers: ['absent'] } : { [kind]: 'absent' }
      const trainer = quietTrainer({ plugins: [plugin], ...choice } as never)
      const error = await refusal(() => trainer.fit(new BoringModule(), data), 'LEVIN_UNAVAILABLE')
      expect(error.message).toBe(`The ${kind} 'absent' cannot run here: there is no such device. Plug it in.`)
    },
  )

  test('a value that is something else', () => {
    expect(() => new Trainer({ accelerator: {} as never })).toThrow(
      'This is no accelerator. Expected an object with setup()',
    )
    expect(() => new Trainer({ strategy: { name: 'x' } as never })).toThrow(
      'This is no strategy. Expected an object with step()',
    )
    expect(() => new Trainer({ loggers: [{}] as never })).toThrow(
      'This is no logger. Expected an object with logMetrics()',
    )
    expect(() => new Trainer({ loggers: ['auto'] as never })).toThrow(
      "'auto' names no logger. Name the logger, or pass one.",
    )
    expect(() => new Trainer({ callbacks: [earlyStopping] as never })).toThrow(
      /was given as a factory. Call it, as in earlyStopping\(\)/,
    )
  })

  test('a list of plugins with something else in it, and a platform that is none', () => {
    const plugin = definePlugin({ kind: 'accelerator', name: 'x', apiVersion: 1, create: () => new CurrentBackend() })
    expect(() => new Trainer({ plugins: [plugin, plugin()] as never })).toThrow(
      "Item 1 of the Trainer option 'plugins' is no plugin. Expected what definePlugin() gives, found a CurrentBackend.",
    )
    expect(() => new Trainer({ platform: {} as never })).toThrow('This is no platform. Expected an object with now()')
  })

  test('a strategy that communicates inside a forward, on a device that cannot be read at once', async () => {
    class Slow extends CurrentBackend {
      override get capabilities() {
        return { ...super.capabilities, synchronousRead: false, hostMemory: false }
      }
    }
    const strategy = Object.assign(new SingleDevice(), {
      name: 'chatty',
      capabilities: { ...new SingleDevice().capabilities, needsSynchronousRead: true },
    })
    const trainer = quietTrainer({ accelerator: new Slow(), strategy })
    const module = new BoringModule()
    const { message } = await refusal(() => trainer.fit(module, data), 'LEVIN_NOT_SUPPORTED')
    module.dispose()
    expect(message).toContain(
      "'chatty' communicates inside a forward, and the accelerator cannot be read synchronously.",
    )
  })
})

describe('options', () => {
  const B = /^The Trainer option '(.*)' is wrong: expected (.*), found (.*)\./
  test.each<[string, unknown]>([
    ['maxEpochs', 1.5],
    ['maxEpochs', -2],
    ['minEpochs', -1],
    ['maxSteps', '10'],
    ['minSteps', Number.NaN],
    ['maxTime', 60],
    ['limitTrainBatches', 0.5],
    ['limitValBatches', -1],
    ['limitTestBatches', { fraction: 2 }],
    ['limitPredictBatches', 'all'],
    ['overfitBatches', 0.1],
    ['fastDevRun', 0],
    ['valCheckInterval', 0.5],
    ['numSanityValSteps', -2],
    ['logEvery', 50],
    ['accumulateGradBatches', 0],
    ['gradientClipVal', 0],
    ['gradientClipVal', Infinity],
    ['gradientClipAlgorithm', 'median'],
    ['enableCheckpointing', 'yes'],
    ['enableProgressBar', 1],
    ['enableModelSummary', null],
    ['reloadDataloadersEveryNEpochs', -1],
    ['seed', 0.5],
    ['seed', -1],
    ['defaultRootDir', ''],
    ['handleSignals', 'SIGINT'],
    ['precision', '16-mixed'],
    ['devices', {}],
    ['loggers', true],
    ['callbacks', {}],
    ['plugins', 'cpu'],
  ])('%s: %j is refused by name', (name, value) => {
    const make = () => new Trainer({ [name]: value } as never)
    expect(make).toThrow(expect.objectContaining({ code: 'LEVIN_BAD_OPTION' }))
    const message = (() => {
      try {
        make()
        return ''
      } catch (error) {
        return (error as LevinError).message
      }
    })()
    expect(message).toMatch(B)
    expect(B.exec(message)?.[1]?.split('.')[0]).toBe(name)
  })

  test.each([
    ['fit', { ckpt_path: 'x' }, "fit() has no option 'ckpt_path'. Did you mean 'ckptPath'?"],
    ['validate', { maxEpochs: 3 }, /validate\(\) has no option 'maxEpochs'. It has: signal, ckptPath/],
    ['fit', { returnPredictions: false }, "fit() has no option 'returnPredictions'."],
    [
      'predict',
      { returnPredictions: 0 },
      "'returnPredictions' of predict() is wrong: expected true or false, found 0.",
    ],
    [
      'test',
      { signal: new AbortController() },
      /'signal' of test\(\) is wrong: expected an AbortSignal, found an AbortC/,
    ],
    ['fit', { ckptPath: '' }, "expected the location of a checkpoint, 'last' or 'best', found ''."],
    ['fit', 'last', "fit() takes its options as an object, found 'last'."],
  ] as const)('of %s: %j is refused', async (kind, options, message) => {
    const module = new BoringModule()
    const run = () =>
      method(quietTrainer(), kind)(module, { ...data, validate: [], test: [], predict: [] }, options as never)
    expect((await refusal(run, 'LEVIN_BAD_OPTION')).message).toMatch(message)
  })

  test('those of Lightning say where they went', () => {
    const hint = (options: object) => () => new Trainer(options as never)
    expect(hint({ logger: true })).toThrow("A Trainer has no option 'logger'. Use `loggers`: an array, or false.")
    expect(hint({ checkValEveryNEpoch: 2 })).toThrow('Use `valCheckInterval: everyEpochs(n)`.')
    expect(hint({ logEveryNSteps: 2 })).toThrow('Use `logEvery: everySteps(n)`.')
    expect(hint({ gpus: 1 })).toThrow('Use `accelerator` and `devices`.')
    expect(hint({ log_every_n_steps: 2 })).toThrow('Use `logEvery: everySteps(n)`.')
    expect(hint({ max_epochs: 1 })).toThrow("A Trainer has no option 'max_epochs'. Did you mean 'maxEpochs'?")
    expect(hint({ maxEpoch: 1 })).toThrow("A Trainer has no option 'maxEpoch'. Did you mean 'maxEpochs'?")
    expect(hint({ colour: 1 })).toThrow(/A Trainer has no option 'colour'. It has: .*maxEpochs/)
    expect(hint({ gradientClipAlgorithm: 'norm' })).toThrow('gradientClipAlgorithm is set without gradientClipVal.')
  })

  test('say what they take and what they got', () => {
    const hint = (options: unknown) => () => new Trainer(options as never)
    expect(hint({ valCheckInterval: 0.25 })).toThrow(
      "'valCheckInterval' is wrong: expected a trigger, such as everySteps(500), everyEpochs(1) or never(), found 0.25.",
    )
    expect(hint({ logEvery: { kind: 'steps', every: 0 } })).toThrow('found {"kind":"steps","every":0}.')
    expect(hint({ precision: 16 })).toThrow("expected '32-true', since tfjs computes in float32, found 16.")
    expect(hint({ maxEpochs: 1.5 })).toThrow('expected a whole number of at least 0, or -1 for no limit, found 1.5.')
    expect(hint({ maxTime: '1h' })).toThrow("expected a length of time such as { hours: 1, minutes: 30 }, found '1h'.")
    expect(hint({ callbacks: earlyStopping({ monitor: 'x' }) })).toThrow(
      'expected an array of callbacks, found an EarlyStopping.',
    )
    for (const options of [null, 5, []]) expect(hint(options)).toThrow(/takes its options as an object/)
  })
})
