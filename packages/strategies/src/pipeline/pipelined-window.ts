import type { MicroBatch, Parameter, ProcessGroup, TrainingWindow } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Links } from './links.js'
import type { Message } from './message.js'
import { activationKey, gradientKey, messagesTo, stageOf } from './message-keys.js'
import type { PipelineAction, Schedule } from './schedules/schedule.js'
import type { Flight, StageRunner, TakeGradient } from './stage-runner.js'
import { Trace } from './trace.js'

/** Turns of the event loop that a rank gives to what it has just sent, so that whoever waits for it has it before this one goes on. */
const TURNS = 8

export interface PipelineParts {
  readonly runner: StageRunner
  readonly links: Links
  readonly group: ProcessGroup
  readonly stages: number
  nextTurn(): Promise<void>
}

/** A micro-batch as hooks and sums see it. */
export interface MicroBatchLoss {
  readonly loss: number
  readonly weight: number
}

/** One accumulation window on one rank of a pipeline: its actions, one after the other, as a schedule has them. */
export class PipelinedWindow {
  readonly trace = new Trace()
  /** By micro-batch, once it is known here. */
  readonly losses = new Map<number, MicroBatchLoss>()
  readonly #parts: PipelineParts
  readonly #window: TrainingWindow
  readonly #parameters: readonly Parameter[]
  readonly #take: (micro: MicroBatch, weight: number) => TakeGradient
  readonly #flights = new Map<string, Flight>()
  /** Those whose second half is to come. */
  readonly #halfway = new Set<Flight>()
  /** Micro-batches of which hooks have seen the loss. */
  readonly #hasBegun = new Set<number>()
  /** How many parts of the model a micro-batch still has to come back through here. */
  readonly #left = new Map<number, number>()

  /** @param take gets the gradients of a micro-batch */
  constructor(
    parts: PipelineParts,
    window: TrainingWindow,
    parameters: readonly Parameter[],
    take: (micro: MicroBatch, weight: number) => TakeGradient,
  ) {
    this.#parts = parts
    this.#window = window
    this.#parameters = parameters
    this.#take = take
  }

  async run(schedule: Schedule, micros: readonly MicroBatch[]): Promise<void> {
    const { group, links, stages } = this.#parts
    for (const [source, keys] of messagesTo(group.rank, schedule, stages)) links.expect(source, keys)
    try {
      for (const action of schedule[group.rank] ?? []) {
        const micro = micros[action.microBatch] as MicroBatch
        if (action.kind === 'forward') await this.#forward(action, micro)
        else if (action.kind === 'backwardWeight') this.#backwardWeight(action, micro)
        else await this.#backward(action, micro)
      }
      await links.settle()
    } catch (error) {
      links.abandon()
      throw error
    } finally {
      for (const flight of this.#flights.values()) this.#parts.runner.land(flight)
      this.#flights.clear()
    }
  }

  async #forward(action: PipelineAction, micro: MicroBatch): Promise<void> {
    const { runner, links, stages } = this.#parts
    const stage = this.#stageOf(action)
    const message = stage === 0 ? undefined : await links.take(activationKey(stage, micro.index))
    const started = performance.now()
    const flight = runner.forward(this.#window, micro, stage, this.#parameters, message)
    this.#flights.set(keyOf(action), flight)
    this.#left.set(micro.index, (this.#left.get(micro.index) ?? 0) + 1)
    if (stage === stages - 1) {
      const weight = micro.samples === 0 ? 0 : (flight.weight ?? 0)
      this.losses.set(micro.index, { loss: await runner.lossOf(flight), weight })
      this.trace.add(action, 0, performance.now() - started)
      return
    }
    const sent = await runner.activationOf(flight, 0)
    this.trace.add(action, message?.time ?? 0, performance.now() - started)
    await this.#send(stage + 1, { ...sent, time: this.trace.time })
  }

  async #backward(action: PipelineAction, micro: MicroBatch): Promise<void> {
    const { runner, links, stages } = this.#parts
    const stage = this.#stageOf(action)
    const flight = this.#flights.get(keyOf(action)) as Flight
    const message = stage === stages - 1 ? undefined : await links.take(gradientKey(stage, micro.index))
    if (message && !this.losses.has(micro.index)) this.losses.set(micro.index, message)
    const { loss, weight } = this.losses.get(micro.index) as MicroBatchLoss
    const started = performance.now()
    this.#before(micro, loss, flight)
    const half = action.kind === 'backwardInput' ? 'inputs' : 'both'
    const gradients = this.#walk(flight, half, message, weight)
    const sent = stage === 0 ? undefined : await runner.gradientMessage(flight, gradients, { loss, weight, time: 0 })
    for (const gradient of gradients) gradient?.dispose()
    if (half === 'both') this.#land(action, micro)
    this.trace.add(action, message?.time ?? 0, performance.now() - started)
    if (sent) await this.#send(stage - 1, { ...sent, time: this.trace.time })
  }

  #walk(flight: Flight, half: 'both' | 'inputs', message: Message | undefined, weight: number): (Tensor | null)[] {
    const { runner } = this.#parts
    // What counts for nothing has a loss that is a mean over nothing: NaN times 0 is NaN.
    const none = flight.inputs.map(() => null)
    if (message ? message.form === undefined : weight === 0) return none
    const seed = message ? runner.gradientsFor(flight, message) : weight
    if (half === 'inputs') this.#halfway.add(flight)
    try {
      return runner.backward(flight, half, seed, this.#parameters, this.#take(flight.micro, weight))
    } finally {
      if (typeof seed !== 'number') for (const gradient of seed) gradient?.dispose()
    }
  }

  #backwardWeight(action: PipelineAction, micro: MicroBatch): void {
    const flight = this.#flights.get(keyOf(action)) as Flight
    const { weight } = this.losses.get(micro.index) as MicroBatchLoss
    const started = performance.now()
    if (this.#halfway.delete(flight)) this.#parts.runner.rest(flight, this.#parameters, this.#take(micro, weight))
    this.#land(action, micro)
    this.trace.add(action, 0, performance.now() - started)
  }

  /** Hooks see each micro-batch once, with its loss, wherever that was computed. */
  #before(micro: MicroBatch, loss: number, { stage, tape }: Flight): void {
    if (this.#hasBegun.has(micro.index)) return
    this.#hasBegun.add(micro.index)
    if (stage === this.#parts.stages - 1) {
      this.#window.beforeBackward(micro, tape.tensors[0] as never)
      return
    }
    const scalar = this.#parts.runner.lossTensor(loss)
    try {
      this.#window.beforeBackward(micro, scalar)
    } finally {
      scalar.dispose()
    }
  }

  #land(action: PipelineAction, micro: MicroBatch): void {
    const key = keyOf(action)
    this.#parts.runner.land(this.#flights.get(key) as Flight)
    this.#flights.delete(key)
    const left = (this.#left.get(micro.index) as number) - 1
    this.#left.set(micro.index, left)
    // The first part of the model is the last to come back.
    if (left === 0 && action.chunk === 0) this.#window.afterBackward(micro)
  }

  async #send(stage: number, message: Message): Promise<void> {
    const { links, group, nextTurn } = this.#parts
    links.send(stage % group.size, message)
    for (let turn = 0; turn < TURNS && links.isSending; turn++) await nextTurn()
  }

  #stageOf(action: PipelineAction): number {
    return stageOf(action, this.#parts.group.rank, this.#parts.group.size)
  }
}

const keyOf = ({ chunk, microBatch }: PipelineAction): string => `${chunk} ${microBatch}`
