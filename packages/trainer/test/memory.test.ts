import '@tensorflow/tfjs-backend-cpu'
import {
  Buffer,
  CurrentBackend,
  engineMemory,
  everySteps,
  type HostTensor,
  hostTensor,
  ones,
  type RunContext,
  type StepContext,
  type TrainingStep,
} from '@levin/core'
import { type BoringBatch, BoringModule, boringBatches, PlainSgd } from '@levin/testing'
import { add, keep, log, mean, mul, neg, ready, type Scalar, scalar, tensor2d } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TrainerOptions } from '../src/index.js'
import { Momentum } from './momentum.js'
import { quietTrainer } from './support.js'

beforeAll(() => ready())

/** With a running mean, which is updated by every step, and an optimizer with state. */
class Tracking extends BoringModule {
  readonly runningMean = new Buffer([], ones())

  override trainingStep(batch: BoringBatch, step: TrainingStep) {
    step.update(this.runningMean, add(mul(step.read(this.runningMean), 0.9), mul(mean(batch.x), 0.1)))
    return super.trainingStep(batch, step)
  }

  override configureOptimizers(): PlainSgd {
    return new Momentum(this.parameters(), 0.01)
  }
}

const data = { train: boringBatches({ batches: 10 }), validate: boringBatches({ batches: 3 }) }

class Remote extends CurrentBackend {
  override get capabilities() {
    return { ...super.capabilities, hostMemory: false, synchronousRead: false }
  }
}

const where: [string, () => TrainerOptions][] = [
  ['memory of the host', () => ({})],
  ['memory of a device', () => ({ accelerator: new Remote() })],
]

describe.each(where)('%s', (_name, options) => {
  test('is the same after each step, and after the run, but for parameters', async () => {
    const before = engineMemory()
    const counts = new Set<number>()
    const look = {
      name: 'look',
      // The first window makes the optimizer's state.
      onTrainBatchStart: (...[, , run]: [unknown, number, RunContext]) => {
        if (run.clock.globalStep > 0) counts.add(engineMemory().tensors)
      },
    }
    const module = new Tracking()
    const all = {
      ...options(),
      callbacks: [look],
      accumulateGradBatches: 2,
      gradientClipVal: 1,
      logEvery: everySteps(1),
      maxEpochs: 3,
    }
    await quietTrainer(all).fit(module, data)
    // The gradients of half a window, the pending mean, and values that were logged and not read are alive in between.
    expect(counts.size).toBe(2)
    expect(engineMemory().tensors).toBe(before.tensors + module.parameters().length + module.buffers().length)
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('is the same after 1,000 steps as after 10', async () => {
    const module = new Tracking()
    const run = (batches: number) =>
      quietTrainer(options()).fit(module, { train: boringBatches({ batches, batchSize: 1 }) })
    await run(10)
    const before = engineMemory()
    await run(1000)
    expect(engineMemory()).toEqual(before)
    module.dispose()
  })

  type Failing = { module?: BoringModule; options?: TrainerOptions; data?: object }
  const fail = (): never => {
    throw new Error('on purpose')
  }
  const throwing = (
    method:
      | 'trainingStep'
      | 'validationStep'
      | 'configureOptimizers'
      | 'configureModel'
      | 'onTrainBatchStart'
      | 'onBeforeOptimizerStep'
      | 'onAfterBatchTransfer',
  ) => Object.assign(new Tracking(), { [method]: fail })
  const atHook = (hook: string): Failing => ({ options: { callbacks: [{ name: 'c', [hook]: fail }] } })
  class LateFailure extends Tracking {
    override trainingStep(batch: BoringBatch, step: TrainingStep) {
      const loss = super.trainingStep(batch, step)
      return step.batchIndex === 5 ? fail() : loss
    }
  }
  class NonFinite extends Tracking {
    override loss(batch: BoringBatch, step: StepContext) {
      return mul<Scalar>(super.loss(batch, step), log(scalar(step.batchIndex < 5 ? 2 : -1)))
    }
  }
  class FailingOptimizer extends Tracking {
    override configureOptimizers() {
      return Object.assign(new PlainSgd(this.parameters()), { step: fail })
    }
  }

  test.each<[string, () => Failing]>([
    ['trainingStep', () => ({ module: throwing('trainingStep') })],
    ['trainingStep within a window', () => ({ module: new LateFailure() })],
    ['validationStep', () => ({ module: throwing('validationStep') })],
    ['the sanity check', () => ({ module: throwing('validationStep'), options: { numSanityValSteps: 1 } })],
    ['configureModel', () => ({ module: throwing('configureModel') })],
    ['configureOptimizers', () => ({ module: throwing('configureOptimizers') })],
    ['onAfterBatchTransfer', () => ({ module: throwing('onAfterBatchTransfer') })],
    ['the optimizer', () => ({ module: new FailingOptimizer() })],
    ['the loss, NaN', () => ({ module: new NonFinite() })],
    ['setup of a callback', () => atHook('setup')],
    ['onTrainStart', () => atHook('onTrainStart')],
    ['onTrainBatchStart', () => atHook('onTrainBatchStart')],
    ['onBeforeZeroGrad', () => atHook('onBeforeZeroGrad')],
    ['onBeforeBackward', () => atHook('onBeforeBackward')],
    ['onAfterBackward', () => atHook('onAfterBackward')],
    ['onBeforeOptimizerStep', () => atHook('onBeforeOptimizerStep')],
    ['onTrainBatchEnd', () => atHook('onTrainBatchEnd')],
    ['onValidationBatchEnd', () => atHook('onValidationBatchEnd')],
    ['onTrainEpochEnd', () => atHook('onTrainEpochEnd')],
    ['teardown', () => atHook('teardown')],
    [
      'the loader',
      () => ({
        data: {
          train: {
            *[Symbol.iterator]() {
              yield* boringBatches({ batches: 3 })
              fail()
            },
          },
        },
      }),
    ],
  ])('is what it was when it fails in %s', async (_where, failing) => {
    const before = engineMemory()
    const { module = new Tracking(), options: more = {}, data: given = data } = failing()
    const trainer = quietTrainer({ ...options(), accumulateGradBatches: 2, gradientClipVal: 1, ...more })
    await expect(trainer.fit(module, given as never)).rejects.toThrow(/on purpose|NaN/)
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('a step that fails half-way leaves parameters and buffers as they were', async () => {
    const module = new LateFailure()
    await expect(quietTrainer({ ...options(), accumulateGradBatches: 4 }).fit(module, data)).rejects.toThrow(
      'on purpose',
    )
    const held = [...module.parameters(), ...module.buffers()].flatMap(({ value }) => [...value.dataSync()])
    module.dispose()
    const short = new Tracking()
    await quietTrainer({ ...options(), accumulateGradBatches: 4, maxSteps: 1 }).fit(short, data)
    expect(held).toEqual([...short.parameters(), ...short.buffers()].flatMap(({ value }) => [...value.dataSync()]))
    short.dispose()
  })

  test.each([
    ['stops', 4, false],
    ['runs to its end', Infinity, false],
    ['fails', Infinity, true],
  ])('a loader of tensors that the Trainer owns is freed when the run %s', async (_how, steps, breaks) => {
    const before = engineMemory()
    const train = {
      *[Symbol.iterator]() {
        for (const { x } of boringBatches({ batches: 8 })) yield { x: tensor2d(x.data, [4, 8]) }
      },
    }
    const module = breaks ? new LateFailure() : new Tracking()
    const fitting = quietTrainer({ ...options(), ...(steps === Infinity ? {} : { maxSteps: steps }) }).fit(module, {
      train,
    })
    if (breaks) await expect(fitting).rejects.toThrow('on purpose')
    else await fitting
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('tensors of a batch are freed when another part of it cannot be uploaded', async () => {
    const before = engineMemory()
    const { accelerator = new CurrentBackend() } = options() as { accelerator?: CurrentBackend }
    const upload = accelerator.upload.bind(accelerator)
    accelerator.upload = (host) => (host.dtype === 'int32' ? fail() : upload(host))
    const train = {
      *[Symbol.iterator]() {
        const [{ x }] = boringBatches() as [{ x: HostTensor }]
        yield { x, made: tensor2d(x.data, [4, 8]), y: hostTensor(new Int32Array(4), [4]) }
      },
    }
    const module = new Tracking()
    await expect(quietTrainer({ accelerator }).fit(module, { train } as never)).rejects.toThrow('on purpose')
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('tensors of an array are the caller’s', async () => {
    const before = engineMemory()
    const batch = { x: tensor2d(boringBatches()[0]?.x.data as Float32Array, [4, 8]) }
    const module = new Tracking()
    await quietTrainer({ ...options(), maxEpochs: 2 }).fit(module, { train: [batch, batch] })
    expect(batch.x.isDisposed).toBe(false)
    batch.x.dispose()
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('what a transfer hook makes and drops is freed', async () => {
    const before = engineMemory()
    class Transforming extends Tracking {
      onAfterBatchTransfer({ x }: BoringBatch) {
        return { x: neg(neg(x)), extra: mul(x, 2) }
      }
    }
    const module = new Transforming()
    await quietTrainer(options()).fit(module, data)
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })
})

test('a module keeps what it keeps itself: nobody else frees it', async () => {
  const kept = keep(scalar(3))
  const module = new BoringModule()
  await quietTrainer().fit(module, data)
  module.dispose()
  expect(kept.isDisposed).toBe(false)
  kept.dispose()
})
