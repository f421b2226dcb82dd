import '@tensorflow/tfjs-backend-cpu'
import {
  type Accelerator,
  type CallInterceptor,
  CurrentBackend,
  definePlugin,
  engineMemory,
  type Gradients,
  keep,
  type MicroBatch,
  type Parameter,
  record,
  SingleDevice,
  type Tape,
  type TrainingWindow,
  type WindowResult,
} from '@levin/core'
import {
  type BoringBatch,
  BoringModule,
  boringBatches,
  type Fit,
  HookTranscript,
  playScenario,
  recordHooks,
  strategyCases,
} from '@levin/testing'
import { add, mul, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import '@levin/testing/vitest'
import { LossRecorder, parametersOf, quietTrainer } from './support.js'

interface Running {
  readonly micro: MicroBatch
  readonly tape: Tape<Scalar>
  readonly weight: number
}

/** Runs all forwards of a window, and then the backwards in reverse order: what a pipeline needs of the Trainer. */
class ForwardsFirst extends SingleDevice {
  override readonly name = 'forwardsFirst'
  /** Most tapes that were alive at one time. */
  most = 0

  override async step(window: TrainingWindow): Promise<WindowResult> {
    const running: Running[] = []
    const sums = new Map<Parameter, Tensor>()
    try {
      for (let micro = await window.next(); micro; micro = await window.next())
        running.push(this.#forward(window, micro))
      this.most = Math.max(this.most, running.length)
      for (const each of running.toReversed()) this.#backward(window, each, sums)
      const weight = running.reduce((total, each) => total + each.weight, 0)
      if (running.length) this.#update(window, sums, weight)
      for (const { micro } of running) await window.finish(micro)
    } finally {
      for (const { tape } of running) tape.dispose()
      for (const sum of sums.values()) sum.dispose()
    }
    const samples = running.reduce((total, { micro }) => total + micro.samples, 0)
    return { microBatches: running.length, samples, updated: running.length > 0 }
  }

  #forward(window: TrainingWindow, micro: MicroBatch): Running {
    let weight = 0
    const tape = record(
      () => {
        const weighted = window.forward(micro)
        weight = weighted.weight
        return weighted.loss
      },
      window.parameters.map(({ value }) => value),
    )
    return { micro, tape, weight }
  }

  #backward(window: TrainingWindow, { micro, tape, weight }: Running, sums: Map<Parameter, Tensor>): void {
    window.beforeBackward(micro, tape.outputs)
    tape.backward(weight, (_source, gradient, index) => {
      const parameter = window.parameters[index] as Parameter
      const sum = sums.get(parameter)
      sums.set(parameter, sum ? keep(tidy(() => add(sum, gradient))) : gradient)
      if (sum) for (const done of [sum, gradient]) done.dispose()
    })
    window.afterBackward(micro)
  }

  #update(window: TrainingWindow, sums: Map<Parameter, Tensor>, weight: number): void {
    for (const [parameter, sum] of sums) {
      sums.set(parameter, keep(tidy(() => mul(sum, 1 / weight))))
      sum.dispose()
    }
    const gradients: Gradients = window.beforeUpdate(sums)
    window.update(gradients, undefined)
  }
}

const data = { train: boringBatches({ batches: 7 }), validate: boringBatches({ batches: 2 }) }

describe('a strategy that owns its window', () => {
  async function trained(strategy: SingleDevice) {
    const recorder = new LossRecorder()
    const module = new BoringModule()
    const batches: number[] = []
    const look = { name: 'look', onTrainBatchEnd: (...args: unknown[]) => void batches.push(args[2] as number) }
    const options = { strategy, accumulateGradBatches: 3, maxEpochs: 2, callbacks: [recorder, look as never] }
    const { clock } = await quietTrainer(options).fit(module, data)
    const parameters = parametersOf(module)
    module.dispose()
    return { parameters, losses: recorder.losses, clock, batches }
  }

  test('with all tapes alive and backwards in reverse order comes to what one device does', async () => {
    const before = engineMemory()
    const strategy = new ForwardsFirst()
    const own = await trained(strategy)
    const single = await trained(new SingleDevice())
    expect(strategy.most).toBe(3)
    expect(own.parameters).toBeAllClose(single.parameters)
    expect(own.losses).toBeAllClose(single.losses)
    expect({ clock: own.clock, batches: own.batches }).toEqual({ clock: single.clock, batches: single.batches })
    expect(engineMemory()).toEqual(before)
  })

  test('gets batches with their own index, seed position and samples', async () => {
    const positions: number[][] = []
    class Looking extends BoringModule {
      override trainingStep(...[batch, step]: Parameters<BoringModule['trainingStep']>) {
        positions.push([step.batchIndex, step.microBatch, step.firstSample, step.globalStep])
        return super.trainingStep(batch, step)
      }
    }
    const run = async (strategy: SingleDevice) => {
      positions.length = 0
      const module = new Looking()
      await quietTrainer({ strategy, accumulateGradBatches: 3 }).fit(module, data)
      module.dispose()
      return [...positions]
    }
    const single = await run(new SingleDevice())
    expect(single.slice(2, 5)).toEqual([
      [2, 2, 8, 0],
      [3, 0, 0, 1],
      [4, 1, 4, 1],
    ])
    expect(await run(new ForwardsFirst())).toEqual(single)
  })

  test('leaves nothing when its second forward fails, with two batches and a tape alive', async () => {
    class Failing extends BoringModule {
      override loss(...[batch, step]: Parameters<BoringModule['loss']>) {
        if (step.training && step.batchIndex === 1) throw new Error('on purpose')
        return super.loss(batch, step)
      }
    }
    const before = engineMemory()
    const module = new Failing()
    const trainer = quietTrainer({ strategy: new ForwardsFirst(), accumulateGradBatches: 3 })
    await expect(trainer.fit(module, data)).rejects.toThrow('on purpose')
    module.dispose()
    expect(engineMemory()).toEqual(before)
  })

  test('passes the conformance cases but for clipping, which it leaves out', async () => {
    const fitOnce: Fit = ({ module, data: given, ckptPath, clipping, ...options }) =>
      quietTrainer({
        ...options,
        ...(clipping ? { gradientClipVal: clipping.value, gradientClipAlgorithm: clipping.algorithm } : {}),
        enableCheckpointing: false,
      }).fit(module, given, ckptPath === undefined ? {} : { ckptPath })
    const cases = strategyCases({
      worldSize: 1,
      fit: fitOnce,
      play: async (scenario) => [
        await playScenario(scenario, { createStrategy: () => new ForwardsFirst(), fit: fitOnce }),
      ],
      knownFailures: { 'has them when it clips by norm': 'this toy does not clip by norm' },
    })
    for (const { run } of cases) await run()
  })
})

describe('what a strategy sees of layers', () => {
  test('a layer is replaced at step.call without a change to its module', async () => {
    const seen: string[] = []
    const intercept: CallInterceptor = (layer, input, step, next) => {
      seen.push(`${layer.path} ${step.mode}`)
      return (step.training ? mul(next(input) as Tensor, 2) : next(input)) as never
    }
    const strategy = Object.assign(new SingleDevice(), { intercept })
    const doubled = new LossRecorder()
    const plain = new LossRecorder()
    for (const [recorder, options] of [
      [doubled, { strategy }],
      [plain, {}],
    ] as const) {
      const module = new BoringModule()
      await quietTrainer({ ...options, callbacks: [recorder], maxSteps: 1, limitValBatches: 1 }).fit(module, data)
      module.dispose()
    }
    expect(doubled.losses[0]).toBeAllClose(4 * (plain.losses[0] as number))
    expect(seen).toEqual(['layer train'])
  })
})

describe("a third party's accelerator", () => {
  class Counting extends CurrentBackend {
    uploads = 0
    override upload(...args: Parameters<CurrentBackend['upload']>) {
      this.uploads++
      return super.upload(...args)
    }
  }
  const made: Counting[] = []
  const plugin = (name: string, priority: number, ok: boolean) =>
    definePlugin({
      kind: 'accelerator',
      name,
      apiVersion: 1,
      priority,
      availability: () => (ok ? { ok } : { ok, reason: 'absent', remedy: 'buy one' }),
      create: (): Accelerator => {
        const accelerator = Object.assign(new Counting(), { name })
        made.push(accelerator)
        return accelerator
      },
    })

  test('is chosen by auto, by availability and priority, and does the uploads; by name too', async () => {
    const plugins = [plugin('small', 1, true), plugin('big', 10, true), plugin('huge', 99, false)]
    const used: string[] = []
    const look = {
      name: 'look',
      onFitStart: (run: { accelerator: Accelerator }) => void used.push(run.accelerator.name),
    }
    const run = async (accelerator: 'auto' | 'small') => {
      const module = new BoringModule()
      const options = { plugins, accelerator, callbacks: [look], limitValBatches: 0 }
      await quietTrainer(options as never).fit(module, data)
      module.dispose()
    }
    await run('auto')
    await run('small')
    expect(used).toEqual(['big', 'small'])
    expect(made.map(({ name, uploads }) => [name, uploads])).toEqual([
      ['big', 7],
      ['small', 7],
    ])
  })
})

test('a batch reaches every step through the transfer hooks, the data module’s before the module’s', async () => {
  const transcript = new HookTranscript()
  const order: string[] = []
  class Transferring extends BoringModule {
    onBeforeBatchTransfer(batch: never) {
      order.push('module before')
      return batch
    }
    onAfterBatchTransfer(batch: BoringBatch) {
      order.push('module after')
      return batch
    }
  }
  const module = recordHooks(new Transferring(), transcript)
  await quietTrainer({ limitTrainBatches: 1, limitValBatches: 0 }).fit(module, data)
  module.dispose()
  expect(order).toEqual(['module before', 'module after'])
})
