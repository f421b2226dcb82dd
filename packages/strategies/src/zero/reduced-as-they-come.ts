import type { MicroBatch, Parameter, TrainingWindow } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { notConnected } from '../group/not-connected.js'
import { agree } from './agreement.js'
import type { Line } from './line.js'
import { recordMicroBatch } from './recorded.js'
import { ShardSums } from './shard-sums.js'
import type { WindowGradients, Workplace } from './zero-strategy.js'

/**
 * Stage 2: a line of gradients is reduced as soon as the walk back has made them all, and its wholes are freed. What is added up
 * over a window is this rank's part, so every micro-batch communicates.
 */
export class ReducedAsTheyCome implements WindowGradients {
  readonly #workplace: Workplace
  readonly #lines: readonly Line[]
  readonly #sums: ShardSums
  readonly #used = new Set<Parameter>()
  #weight = 0
  #current: Backward | undefined

  constructor(workplace: Workplace, lines: readonly Line[]) {
    this.#workplace = workplace
    this.#lines = lines
    this.#sums = new ShardSums(workplace.access, workplace.rank)
  }

  add(window: TrainingWindow, micro: MicroBatch): void {
    const { collectives, ranks } = this.#workplace
    const { parameters } = window
    const sources = parameters.map(({ value }) => value)
    const { tape, weight, counts } = recordMicroBatch(window, micro, sources)
    try {
      const connected = tape.connected.includes(true)
      const agreed = agree(collectives, ranks, { weight, counts, connected, reached: tape.connected })
      if (!agreed.connected) throw notConnected(parameters)
      window.beforeBackward(micro, tape.outputs)
      this.#weight += agreed.weight
      const used = parameters.filter((_, index) => agreed.used[index])
      for (const parameter of used) this.#used.add(parameter)
      // Where graphs differ, lines would be complete at different places of the walk, between other collectives: they wait for its end.
      const awaited = agreed.alike ? parameters.filter((_, index) => tape.connected[index]) : undefined
      const backward = new Backward(this.#workplace, this.#lines, this.#sums, new Set(used), awaited)
      this.#current = backward
      if (connected) {
        tape.backward(counts ? weight : 0, (_source, gradient, index) =>
          backward.take(parameters[index] as Parameter, gradient, counts),
        )
      }
      backward.finish()
      window.afterBackward(micro)
    } finally {
      this.#current?.dispose()
      tape.dispose()
    }
  }

  own(): ReadonlyMap<Parameter, Tensor> {
    return this.#sums.mean(this.#weight === 0 ? 0 : 1 / this.#weight, (parameter) => this.#used.has(parameter))
  }

  dispose(): void {
    this.#sums.dispose()
  }
}

/** The gradients of one walk back. Lines travel in their order, whatever the order in which gradients come. */
class Backward {
  readonly #workplace: Workplace
  readonly #lines: readonly Line[]
  readonly #sums: ShardSums
  readonly #wanted: ReadonlySet<Parameter>
  readonly #missing: ReadonlySet<Parameter>[] | undefined
  readonly #wholes = new Map<Parameter, Tensor>()
  readonly #arrived = new Set<Parameter>()
  #next = 0

  /** @param awaited whose gradients will come; `undefined`: nothing travels before the end */
  constructor(
    workplace: Workplace,
    lines: readonly Line[],
    sums: ShardSums,
    wanted: ReadonlySet<Parameter>,
    awaited: readonly Parameter[] | undefined,
  ) {
    this.#workplace = workplace
    this.#lines = lines.filter((line) => line.parameters.some((parameter) => wanted.has(parameter)))
    this.#sums = sums
    this.#wanted = wanted
    const all = awaited && new Set(awaited)
    this.#missing = all && this.#lines.map((line) => new Set(line.parameters.filter((parameter) => all.has(parameter))))
  }

  take(parameter: Parameter, gradient: Tensor, counts: boolean): void {
    if (counts) this.#wholes.set(parameter, gradient)
    else gradient.dispose()
    this.#arrived.add(parameter)
    while (this.#isComplete()) this.#reduce()
  }

  finish(): void {
    while (this.#next < this.#lines.length) this.#reduce()
  }

  #isComplete(): boolean {
    const missing = this.#missing?.[this.#next]
    if (!missing) return false
    for (const parameter of missing) if (!this.#arrived.has(parameter)) return false
    return true
  }

  #reduce(): void {
    const { transfer, access } = this.#workplace
    const line = this.#lines[this.#next++] as Line
    const stretch = transfer.reduce(line, (index) => {
      const whole = this.#wholes.get(line.parameters[index] as Parameter)
      return whole && access.values(whole)
    })
    for (const parameter of line.parameters) this.#free(parameter)
    this.#sums.add(line, stretch, this.#wanted)
  }

  #free(parameter: Parameter): void {
    this.#wholes.get(parameter)?.dispose()
    this.#wholes.delete(parameter)
  }

  dispose(): void {
    for (const parameter of [...this.#wholes.keys()]) this.#free(parameter)
  }
}
