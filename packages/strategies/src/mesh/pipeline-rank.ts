import {
  type MicroBatch,
  type Module,
  type Parameter,
  type StrategySetup,
  type TrainingWindow,
  tensorsIn,
} from '@levin/core'
import { tidy } from '@tensorflow/tfjs-core'
import type { TensorAccess } from '../group/tensor-access.js'
import { cutChain } from '../pipeline/divide-chain.js'
import { Links } from '../pipeline/links.js'
import { formOf, type Message, readValues } from '../pipeline/message.js'
import { activationKey, stageOf } from '../pipeline/message-keys.js'
import { PipelinedWindow } from '../pipeline/pipelined-window.js'
import { scheduleFor } from '../pipeline/schedule-for.js'
import { StageSteps } from '../pipeline/stage-pass.js'
import { StageRunner, type TakeGradient } from '../pipeline/stage-runner.js'
import { chainOf } from '../pipeline/stages.js'
import type { MeshGroups } from './groups.js'
import type { ResolvedMeshOptions } from './options.js'
import { WindowReport } from './window-report.js'
import type { WindowSums } from './window-sums.js'

export interface PipelineRankParts {
  readonly groups: MeshGroups
  readonly access: TensorAccess
  readonly setup: StrategySetup
}

/** What one rank does of each window and each evaluation, along the pipeline; without one it does all. */
export class PipelineRank {
  /** Absent where nothing is cut and nothing recomputed. */
  readonly steps: StageSteps | undefined
  readonly #runner: StageRunner
  readonly #links: Links
  readonly #options: ResolvedMeshOptions
  readonly #parts: PipelineRankParts
  readonly #report: WindowReport

  constructor(module: Module, options: ResolvedMeshOptions, parts: PipelineRankParts) {
    const { groups, access, setup } = parts
    const ranks = groups.pipeline.size
    this.#options = options
    this.#parts = parts
    if (ranks > 1 || options.recompute) {
      const chain = chainOf(module)
      const stages = ranks === 1 ? 1 : ranks * options.chunks
      this.steps = new StageSteps(
        module,
        chain,
        cutChain(module, chain, stages, options.layersPerStage),
        options.recompute,
      )
    }
    this.#runner = new StageRunner(setup.accelerator, access, this.steps)
    this.#links = new Links(groups.pipeline)
    this.#report = new WindowReport(options, groups, setup.platform)
  }

  get #stages(): number {
    return this.steps?.stages ?? 1
  }

  /** Brings the micro-batches of a window forward and back. They are not finished yet. */
  async run(window: TrainingWindow, held: readonly Parameter[], sums: WindowSums): Promise<readonly MicroBatch[]> {
    return this.#parts.groups.pipeline.size === 1
      ? this.#alone(window, held, sums)
      : this.#pipelined(window, held, sums)
  }

  /** One micro-batch after the other. */
  async #alone(window: TrainingWindow, held: readonly Parameter[], sums: WindowSums): Promise<readonly MicroBatch[]> {
    const micros: MicroBatch[] = []
    const runner = this.#runner
    for (let micro = await window.next(); micro; micro = await window.next()) {
      micros.push(micro)
      const flight = runner.forward(window, micro, 0, held, undefined)
      try {
        const weight = micro.samples === 0 ? 0 : (flight.weight ?? 0)
        window.beforeBackward(micro, flight.tape.tensors[0] as never)
        if (weight !== 0) runner.backward(flight, 'both', weight, held, takeInto(sums))
        window.afterBackward(micro)
        sums.count(micro, weight)
      } finally {
        runner.land(flight)
      }
      if (micro.last) break
    }
    return micros
  }

  async #pipelined(
    window: TrainingWindow,
    held: readonly Parameter[],
    sums: WindowSums,
  ): Promise<readonly MicroBatch[]> {
    const micros: MicroBatch[] = []
    for (let micro = await window.next(); micro; micro = await window.next()) {
      micros.push(micro)
      if (micro.last) break
    }
    if (micros.length === 0) return micros
    const { groups, setup } = this.#parts
    const schedule = scheduleFor(this.#options, groups.pipeline.size, micros.length)
    const parts = {
      runner: this.#runner,
      links: this.#links,
      group: groups.pipeline,
      stages: this.#stages,
      nextTurn: () => setup.platform.nextTurn(),
    }
    const pipelined = new PipelinedWindow(parts, window, held, () => takeInto(sums))
    await pipelined.run(schedule, micros)
    for (const micro of micros) sums.count(micro, pipelined.losses.get(micro.index)?.weight ?? 0)
    await this.#report.window(schedule, pipelined.trace)
    return micros
  }

  /** Runs a step in this rank's stages; the last one has its result. */
  evaluate<T>(run: () => T): T | undefined | Promise<T | undefined> {
    if (this.#parts.groups.pipeline.size === 1)
      return tidy(() => this.#runner.evaluate(0, undefined, run).value as never) as T
    return this.#evaluateStages(run)
  }

  async #evaluateStages<T>(run: () => T): Promise<T | undefined> {
    const { rank, size } = this.#parts.groups.pipeline
    const mine = Array.from({ length: this.#stages / size }, (_, chunk) => stageOf({ chunk }, rank, size))
    const received = mine.filter((stage) => stage > 0).map((stage) => activationKey(stage, 0))
    if (received.length > 0) this.#links.expect((rank + size - 1) % size, received)
    let result: T | undefined
    try {
      for (const stage of mine) {
        const message = stage === 0 ? undefined : await this.#links.take(activationKey(stage, 0))
        const { value, sent } = await this.#evaluateStage(stage, message, run)
        result = value
        if (sent) this.#links.send((stage + 1) % size, sent)
      }
      await this.#links.settle()
      return result
    } catch (error) {
      this.#links.abandon()
      throw error
    }
  }

  async #evaluateStage<T>(stage: number, message: Message | undefined, run: () => T) {
    const evaluated = tidy(() => this.#runner.evaluate(stage, message, run) as never) as {
      readonly value?: T
      readonly activation?: unknown
    }
    if (!('activation' in evaluated)) return { value: evaluated.value }
    const { activation } = evaluated
    const values = await readValues(activation, this.#parts.access)
    for (const tensor of tensorsIn(activation)) tensor.dispose()
    return { value: undefined, sent: { form: formOf(activation), values, loss: 0, weight: 0, time: 0 } }
  }
}

const takeInto =
  (sums: WindowSums): TakeGradient =>
  (parameter, gradient) =>
    sums.take(parameter, gradient)
