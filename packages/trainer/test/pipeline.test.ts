import '@tensorflow/tfjs-backend-cpu'
import {
  type CallInterceptor,
  engineMemory,
  keep,
  Layer,
  type MicroBatch,
  type Parameter,
  record,
  SingleDevice,
  type StepContext,
  StepExit,
  type Tape,
  type TrainingWindow,
  type WindowResult,
} from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import { add, mul, type Scalar, type Tensor, tanh, tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import '@levin/testing/vitest'
import { LossRecorder, parametersOf, quietTrainer, RowLogger } from './support.js'

class Tanh extends Layer {
  compute(input: Tensor) {
    return tanh(input)
  }
}

class Chain extends Layer {
  readonly links: readonly Layer[]
  constructor(...links: Layer[]) {
    super()
    this.links = links
  }
  override children() {
    return this.links.map((link, index) => [String(index), link] as const)
  }
  compute(input: Tensor, step: StepContext) {
    return this.links.reduce((value, link) => link.forward(value, step), input)
  }
}

class Deep extends BoringModule {
  override readonly layer = new Chain(dense(8, 6), new Tanh(), dense(6, 4), new Tanh(), dense(4, 2))
}

const dense = (features: number, outputs: number): Layer => new BoringModule({ features, outputs }).layer

interface Running {
  readonly micro: MicroBatch
  readonly first: Tape<Tensor>
  readonly second: Tape<Scalar>
  readonly weight: number
}

/**
 * Both stages of a pipeline, cut before one layer of a chain: what two ranks do, with the way between them left out. Stages
 * communicate between tapes, and never within a forward.
 */
class TwoStages extends SingleDevice {
  override readonly name = 'twoStages'
  readonly #before: readonly string[]
  readonly #cut: string
  #received: Tensor | undefined

  constructor(before: readonly string[], cut: string) {
    super()
    this.#before = before
    this.#cut = cut
  }

  readonly intercept: CallInterceptor = (layer, input, _step, next) => {
    if (layer.path === this.#cut) {
      if (this.#received) return next(this.#received as typeof input)
      throw new StepExit(input)
    }
    // The second stage has not the layers before the cut.
    return this.#received && this.#before.includes(layer.path) ? (input as never) : next(input)
  }

  override async step(window: TrainingWindow): Promise<WindowResult> {
    const running: Running[] = []
    const sums = new Map<Parameter, Tensor>()
    try {
      for (let micro = await window.next(); micro; micro = await window.next())
        running.push(await this.#forward(window, micro))
      for (const each of running.toReversed()) await this.#backward(window, each, sums)
      const weight = running.reduce((total, each) => total + each.weight, 0)
      for (const [parameter, sum] of sums) {
        sums.set(parameter, keep(tidy(() => mul(sum, 1 / weight))))
        sum.dispose()
      }
      window.update(window.beforeUpdate(sums), undefined)
      for (const { micro } of running) await window.finish(micro)
    } finally {
      for (const tape of running.flatMap(({ first, second }) => [first, second])) tape.dispose()
      for (const sum of sums.values()) sum.dispose()
    }
    const samples = running.reduce((total, { micro }) => total + micro.samples, 0)
    return { microBatches: running.length, samples, updated: running.length > 0 }
  }

  #of(window: TrainingWindow, first: boolean): Parameter[] {
    return window.parameters.filter(({ path }) => this.#before.some((layer) => path.startsWith(layer)) === first)
  }

  async #forward(window: TrainingWindow, micro: MicroBatch): Promise<Running> {
    const values = (first: boolean) => this.#of(window, first).map(({ value }) => value)
    const first = record(() => leftAt(() => void window.forward(micro)), values(true))
    await Promise.resolve()
    this.#received = first.outputs
    let weight = 0
    const loss = () => {
      const weighted = window.forward(micro)
      weight = weighted.weight
      return weighted.loss
    }
    const second = record(loss, [first.outputs, ...values(false)])
    this.#received = undefined
    return { micro, first, second, weight }
  }

  async #backward(window: TrainingWindow, { micro, first, second, weight }: Running, sums: Map<Parameter, Tensor>) {
    const take = (parameter: Parameter, gradient: Tensor) => {
      const sum = sums.get(parameter)
      sums.set(parameter, sum ? keep(tidy(() => add(sum, gradient))) : gradient)
      if (sum) for (const done of [sum, gradient]) done.dispose()
    }
    window.beforeBackward(micro, second.outputs)
    let slope: Tensor | undefined
    second.backward(weight, (_source, gradient, index) => {
      if (index === 0) slope = gradient
      else take(this.#of(window, false)[index - 1] as Parameter, gradient)
    })
    await Promise.resolve()
    first.backward([slope], (_source, gradient, index) => take(this.#of(window, true)[index] as Parameter, gradient))
    slope?.dispose()
    window.afterBackward(micro)
  }

  override evaluate<T>(run: () => T): T {
    return this.#evaluate(run) as never
  }

  async #evaluate<T>(run: () => T): Promise<T> {
    const activation = tidy(() => keep(leftAt(run)))
    await Promise.resolve()
    this.#received = activation
    try {
      return super.evaluate(run)
    } finally {
      this.#received = undefined
      activation.dispose()
    }
  }
}

/** What a step had come to where it was left. */
function leftAt(run: () => unknown): Tensor {
  try {
    run()
  } catch (exit) {
    if (StepExit.isInstance(exit)) return exit.value as Tensor
    throw exit
  }
  throw new Error('Expected the step to be left at the cut.')
}

test('a pipeline of two stages, cut within a container, comes to what one device does', async () => {
  const run = async (strategy: SingleDevice) => {
    const module = new Deep()
    const losses = new LossRecorder()
    const logger = new RowLogger()
    const data = { train: boringBatches({ batches: 7 }), validate: boringBatches({ batches: 2 }) }
    const trainer = quietTrainer({
      strategy,
      accumulateGradBatches: 3,
      maxEpochs: 2,
      callbacks: [losses],
      loggers: [logger],
    })
    const { clock } = await trainer.fit(module, data)
    const { predictions } = await trainer.predict(module, { predict: boringBatches({ batches: 2 }) })
    const outcome = {
      clock,
      losses: losses.losses,
      parameters: parametersOf(module),
      validation: logger.of('val/loss').map(([, loss]) => loss),
      predictions: (predictions.flat() as { data: Float32Array }[]).flatMap(({ data }) => [...data]),
    }
    module.dispose()
    return outcome
  }
  const before = engineMemory()
  const own = await run(new TwoStages(['layer.0', 'layer.1'], 'layer.2'))
  expect(engineMemory()).toEqual(before)
  const single = await run(new SingleDevice())
  expect(own.clock).toEqual(single.clock)
  expect(own.predictions).toHaveLength(16)
  for (const what of ['losses', 'parameters', 'validation', 'predictions'] as const)
    expect(own[what]).toBeAllClose(single[what])
})
