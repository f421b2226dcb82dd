import '@tensorflow/tfjs-backend-cpu'
import { CurrentBackend, engineMemory, everyEpochs, type HostTensor, type TrainingStep } from '@levin/core'
import { acceleratorCases, type BoringBatch, BoringModule, type ConformanceCase } from '@levin/testing'
import { ready } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { BatchSource } from '../src/batches/batch-source.js'
import { StagedBatches } from '../src/batches/staged-batches.js'
import type { TrainerOptions } from '../src/index.js'
import { StagingBackend, StagingLoader } from './staging-backend.js'
import { parametersOf, quietTrainer } from './support.js'

beforeAll(() => ready())

const fail = (): never => {
  throw new Error('on purpose')
}

const plain = () => Object.assign(new CurrentBackend(), { advice: () => undefined })

/** The parameters after a fit. */
async function trained(accelerator: CurrentBackend, module = new BoringModule()): Promise<number[]> {
  const data = { train: new StagingLoader(), validate: new StagingLoader({ batches: 3 }) }
  await quietTrainer({ accelerator, maxEpochs: 2, valCheckInterval: everyEpochs(1) }).fit(module, data)
  const parameters = parametersOf(module)
  module.dispose()
  return parameters
}

test.each<ConformanceCase>(acceleratorCases({ create: () => new StagingBackend() }))(
  'the device of these tests: $name',
  ({ run }) => run(),
)

describe('a batch that the loader writes into memory of the device', () => {
  test('is uploaded without a copy, and trains to the same bits, although the memory moves', async () => {
    const accelerator = new StagingBackend()
    expect(await trained(accelerator)).toEqual(await trained(plain()))
    expect(accelerator).toMatchObject({ wrapped: 2 * (2 * 6 + 2 * 3), copied: 0 })
    // One batch in use by nobody any more, and one read ahead.
    expect(accelerator.mostOpen).toBe(4)
    expect(accelerator.open.size).toBe(0)
  })

  test('is evaluated and predicted to the same bits', async () => {
    const results = async (accelerator: CurrentBackend) => {
      const module = new BoringModule()
      const trainer = quietTrainer({ accelerator })
      const test = await trainer.test(module, { test: [new StagingLoader(), new StagingLoader({ batches: 2 })] })
      const { predictions } = await trainer.predict(module, { predict: new StagingLoader() })
      module.dispose()
      return { metrics: test.metrics, predictions }
    }
    const accelerator = new StagingBackend()
    expect(await results(accelerator)).toEqual(await results(plain()))
    expect(accelerator).toMatchObject({ wrapped: 2 * (6 + 2 + 6), copied: 0 })
    expect(accelerator.open.size).toBe(0)
  })

  test('is handed back afterwards, for what of it was not staged', async () => {
    const train = new StagingLoader()
    await quietTrainer({ accelerator: new StagingBackend() }).fit(new BoringModule(), { train })
    expect(train.recycled).toBe(6)
  })
})

type Ending = {
  options?: TrainerOptions
  train?: StagingLoader
  module?: BoringModule
  accelerator?: StagingBackend
  signal?: AbortSignal
}

class FailingUpload extends StagingBackend {
  override upload(host: HostTensor) {
    if (host.dtype === 'int32' && this.wrapped > 4) return fail()
    return super.upload(host)
  }
}

class FailingStep extends BoringModule {
  override trainingStep(batch: BoringBatch, step: TrainingStep) {
    const loss = super.trainingStep(batch, step)
    return step.batchIndex === 2 ? fail() : loss
  }
}

const atHook = (hook: string, does: () => unknown): Ending => ({
  options: { callbacks: [{ name: 'c', [hook]: does }] },
})

function aborted(): Ending {
  const controller = new AbortController()
  return { ...atHook('onTrainBatchEnd', () => controller.abort()), signal: controller.signal }
}

test.each<[string, () => Ending]>([
  ['runs to its end', () => ({})],
  ['stops at a number of steps', () => ({ options: { maxSteps: 2 } })],
  ['has a limit on batches', () => ({ options: { limitTrainBatches: 3 } })],
  ['is aborted', aborted],
  ['skips the rest of an epoch', () => atHook('onTrainBatchStart', () => 'skipEpoch')],
  ['fails in a step', () => ({ module: new FailingStep() })],
  ['fails in a hook', () => atHook('onTrainBatchEnd', fail)],
  ['fails before the first step', () => atHook('onTrainEpochStart', fail)],
  ['fails in the loader, half-way through the first batch', () => ({ train: new StagingLoader({ failsAt: 0 }) })],
  ['fails in the loader, half-way through a later one', () => ({ train: new StagingLoader({ failsAt: 3 }) })],
  ['fails in an upload, half-way through a batch', () => ({ accelerator: new FailingUpload() })],
])('no memory of the device is left staged when a run %s', async (_how, ending) => {
  const before = engineMemory()
  const { options, train = new StagingLoader(), module = new BoringModule(), signal, accelerator } = ending()
  const device = accelerator ?? new StagingBackend()
  await quietTrainer({ accelerator: device, accumulateGradBatches: 2, ...options })
    .fit(module, { train }, signal ? { signal } : {})
    .catch((error: unknown) => expect(String(error)).toContain('on purpose'))
  expect(device.open.size).toBe(0)
  module.dispose()
  expect(engineMemory()).toEqual(before)
})

test('batches that a resumed run reads and lets go do not pile up', async () => {
  const device = new StagingBackend()
  const staged = new StagedBatches((shape, dtype) => device.stage(shape, dtype))
  const source = await new BatchSource(new StagingLoader(), Infinity, staged).start(4)
  expect(device.mostOpen).toBe(2)
  expect(((source.take() as { x: HostTensor }).x.data[0] as number).toFixed(6)).toBe(Math.sin(1 + 4 * 32).toFixed(6))
  await source.close()
  expect(device.open.size).toBe(0)
})

describe('nothing is staged', () => {
  const onHost = (batch: never) => batch

  test.each<[string, (train: StagingLoader, device: StagingBackend) => Promise<unknown>]>([
    [
      'where a hook of the module gets the batch on the host',
      (train, accelerator) =>
        quietTrainer({ accelerator }).fit(Object.assign(new BoringModule(), { onBeforeBatchTransfer: onHost }), {
          train,
        }),
    ],
    [
      'where batches are kept to be overfitted',
      (train, accelerator) => quietTrainer({ accelerator, overfitBatches: 2 }).fit(new BoringModule(), { train }),
    ],
    [
      'where a loader wraps the one that could',
      (train, accelerator) => {
        const wrapped = {
          *[Symbol.iterator]() {
            yield* train as Iterable<{ x: never }>
          },
        }
        return quietTrainer({ accelerator }).fit(new BoringModule(), { train: wrapped })
      },
    ],
  ])('%s', async (_where, run) => {
    const [train, device] = [new StagingLoader(), new StagingBackend()]
    await run(train, device)
    expect(train.staged).toBe(0)
    expect(device).toMatchObject({ wrapped: 0, mostOpen: 0 })
    expect(device.copied).toBeGreaterThan(0)
  })

  test('on an accelerator that cannot: the loader is not asked', async () => {
    const train = new StagingLoader()
    await quietTrainer({ accelerator: plain() }).fit(new BoringModule(), { train })
    expect(train.staged).toBe(0)
  })
})

test('what an accelerator stages and then copies all the same is given back, batch by batch', async () => {
  class Copying extends StagingBackend {
    override upload({ data, shape, dtype }: HostTensor) {
      return super.upload({ data: data.slice(), shape, dtype })
    }
  }
  const accelerator = new Copying()
  expect(await trained(accelerator)).toEqual(await trained(plain()))
  expect(accelerator.mostOpen).toBe(4)
  expect(accelerator.open.size).toBe(0)
})
