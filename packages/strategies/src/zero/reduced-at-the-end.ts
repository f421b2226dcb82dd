import { keep, type MicroBatch, type Parameter, type TrainingWindow } from '@levin/core'
import { accumulate } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'
import { notConnected } from '../group/not-connected.js'
import { agree } from './agreement.js'
import type { Line } from './line.js'
import { recordMicroBatch } from './recorded.js'
import { ShardSums } from './shard-sums.js'
import type { WindowGradients, Workplace } from './zero-strategy.js'

/** Stage 1: gradients are whole on every rank until the window ends, so that accumulating needs no communication. */
export class ReducedAtTheEnd implements WindowGradients {
  readonly #workplace: Workplace
  readonly #lines: readonly Line[]
  readonly #wholes = new Map<Parameter, Tensor>()
  readonly #sums: ShardSums
  #parameters: readonly Parameter[] = []
  #weight = 0
  #connected = false

  constructor(workplace: Workplace, lines: readonly Line[]) {
    this.#workplace = workplace
    this.#lines = lines
    this.#sums = new ShardSums(workplace.access, workplace.rank)
  }

  add(window: TrainingWindow, micro: MicroBatch): void {
    const { parameters } = window
    this.#parameters = parameters
    const sources = parameters.map(({ value }) => value)
    const { tape, weight, counts } = recordMicroBatch(window, micro, sources)
    try {
      this.#connected ||= tape.connected.includes(true)
      window.beforeBackward(micro, tape.outputs)
      if (tape.connected.includes(true)) {
        tape.backward(counts ? weight : 0, (_source, gradient, index) => {
          if (counts) this.#take(parameters[index] as Parameter, gradient)
          else gradient.dispose()
        })
      }
      window.afterBackward(micro)
    } finally {
      tape.dispose()
    }
    if (counts) this.#weight += weight
  }

  #take(parameter: Parameter, gradient: Tensor): void {
    const sum = this.#wholes.get(parameter)
    if (!sum) {
      this.#wholes.set(parameter, gradient)
      return
    }
    const added = accumulate(sum, gradient)
    gradient.dispose()
    if (added === sum) return
    this.#wholes.set(parameter, keep(added))
    sum.dispose()
  }

  own(): ReadonlyMap<Parameter, Tensor> {
    const { collectives, ranks, transfer, access } = this.#workplace
    const reached = this.#parameters.map((parameter) => this.#wholes.has(parameter))
    const own = { weight: this.#weight, counts: true, connected: this.#connected, reached }
    const { weight, connected, used } = agree(collectives, ranks, own)
    if (!connected) throw notConnected(this.#parameters)
    const wanted = new Set(this.#parameters.filter((_, index) => used[index]))
    for (const line of this.#lines) {
      if (!line.parameters.some((parameter) => wanted.has(parameter))) continue
      const stretch = transfer.reduce(line, (index) => {
        const whole = this.#wholes.get(line.parameters[index] as Parameter)
        return whole && access.values(whole)
      })
      for (const parameter of line.parameters) this.#free(parameter)
      this.#sums.add(line, stretch, wanted)
    }
    // A window without any weight has no direction.
    return this.#sums.mean(weight === 0 ? 0 : 1 / weight, (parameter) => wanted.has(parameter))
  }

  #free(parameter: Parameter): void {
    this.#wholes.get(parameter)?.dispose()
    this.#wholes.delete(parameter)
  }

  dispose(): void {
    for (const parameter of [...this.#wholes.keys()]) this.#free(parameter)
    this.#sums.dispose()
  }
}
