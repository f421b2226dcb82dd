import { keep, type MicroBatch, type Parameter, type ProcessGroup } from '@levin/core'
import { accumulate } from '@levin/ops'
import { mul, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { GradientReducer } from '../ddp/gradient-reducer.js'
import { exactSums } from '../ddp/sums.js'
import { WindowExchange } from '../ddp/window-exchange.js'
import { notConnected } from '../group/not-connected.js'
import { drive } from '../group/task.js'
import type { TensorAccess } from '../group/tensor-access.js'

/** A list of parameters whose gradients are added up over a group. */
export interface SumRound {
  readonly group: ProcessGroup
  readonly parameters: readonly Parameter[]
}

export interface WindowSumsParts {
  readonly world: ProcessGroup
  readonly access: TensorAccess
  /** Whether this rank's weights are the window's: of ranks that have the same loss one counts. */
  readonly speaks: boolean
  /** What this rank holds of what the optimizer trains; the others are in the result without elements. */
  readonly held: readonly Parameter[]
  /** One after the other. */
  readonly rounds: readonly SumRound[]
}

/** The gradients of one accumulation window, of what one rank holds. */
export class WindowSums {
  readonly #parts: WindowSumsParts
  readonly #parameters: readonly Parameter[]
  readonly #exchange: WindowExchange
  readonly #sums = new Map<Parameter, Tensor>()
  readonly #nothings: Tensor[] = []
  #weight = 0

  /** @param parameters what the optimizer trains, held here or not: the same list on all ranks */
  constructor(parts: WindowSumsParts, parameters: readonly Parameter[]) {
    this.#parts = parts
    this.#parameters = parameters
    this.#exchange = new WindowExchange(parts.world.size, parameters.length)
  }

  /** Takes a gradient of a micro-batch, weighted. It becomes this object's. */
  take(parameter: Parameter, gradient: Tensor): void {
    const sum = this.#sums.get(parameter)
    if (!sum) {
      this.#sums.set(parameter, gradient)
      return
    }
    const total = accumulate(sum, gradient)
    if (total !== sum) sum.dispose()
    gradient.dispose()
    this.#sums.set(parameter, keep(total))
  }

  /** Counts a micro-batch. */
  count({ samples }: MicroBatch, weight: number): void {
    if (samples > 0) this.#weight += weight
  }

  /**
   * The means over the whole window, of all ranks. They stay this object's.
   *
   * @throws LEVIN_LOSS_NOT_CONNECTED if no loss depends on what is trained
   */
  async finish(): Promise<ReadonlyMap<Parameter, Tensor>> {
    const { world, speaks, rounds, held } = this.#parts
    const reached = Uint8Array.from(this.#parameters, (parameter) => (this.#sums.has(parameter) ? 1 : 0))
    await drive(this.#exchange.run(speaks ? this.#weight : 0, reached), world.blocking ?? world.asynchronous)
    if (!this.#exchange.reached.includes(1)) throw notConnected(this.#parameters)
    const wanted = new Set(this.#parameters.filter((_, index) => this.#exchange.reached[index] === 1))
    for (const round of rounds) await this.#sum(round, wanted)
    this.#scale()
    const isHeld = new Set(held)
    const result = new Map<Parameter, Tensor>()
    for (const parameter of this.#parameters) {
      if (!wanted.has(parameter)) continue
      result.set(parameter, isHeld.has(parameter) ? (this.#sums.get(parameter) as Tensor) : this.#nothing(parameter))
    }
    return result
  }

  async #sum({ group, parameters }: SumRound, wanted: ReadonlySet<Parameter>): Promise<void> {
    const { access } = this.#parts
    const list = parameters.filter((parameter) => wanted.has(parameter))
    if (list.length === 0) return
    const blocks = group.blocking !== undefined && access.isSynchronous
    const reducer = new GradientReducer(list, { group, access, sums: exactSums, bucketBytes: Infinity, blocks })
    try {
      const own = Uint8Array.from(list, (parameter) => (this.#sums.has(parameter) ? 1 : 0))
      reducer.begin(new Uint8Array(list.length).fill(1), own)
      for (const [index, parameter] of list.entries()) {
        const sum = this.#sums.get(parameter)
        this.#sums.delete(parameter)
        if (sum) reducer.take(index, sum)
      }
      await drive(reducer.finish(), blocks ? (group.blocking as never) : group.asynchronous)
      for (const [parameter, sum] of reducer.handOver()) this.#sums.set(parameter, sum)
    } finally {
      reducer.release()
    }
  }

  /** A window without any weight has no direction. */
  #scale(): void {
    const { totalWeight } = this.#exchange
    const factor = totalWeight === 0 ? 0 : 1 / totalWeight
    if (factor === 1) return
    for (const [parameter, sum] of this.#sums) {
      this.#sums.set(parameter, keep(tidy(() => mul(sum, factor))))
      sum.dispose()
    }
  }

  #nothing({ layout }: Parameter): Tensor {
    const nothing = keep(zeros([...layout.shape]))
    this.#nothings.push(nothing)
    return nothing
  }

  dispose(): void {
    for (const tensor of [...this.#sums.values(), ...this.#nothings]) tensor.dispose()
    this.#sums.clear()
    this.#nothings.length = 0
  }
}
