import type { Task } from '../group/task.js'

/**
 * What ranks tell each other between forward and backward of a window's last batch: how much their part counts, and which
 * parameters their losses reach. One small all-gather of bytes; the sum of the weights is taken in the order of the ranks, so
 * that it is the same number everywhere.
 */
export class WindowExchange {
  /** The weight of the whole window. */
  totalWeight = 0
  /** By parameter: 1 where the loss of any rank reaches it. */
  readonly reached: Uint8Array
  readonly #own: Uint8Array
  readonly #all: Uint8Array
  readonly #weights: DataView

  constructor(ranks: number, parameters: number) {
    this.reached = new Uint8Array(parameters)
    this.#own = new Uint8Array(WEIGHT_BYTES + Math.ceil(parameters / 8))
    this.#all = new Uint8Array(ranks * this.#own.length)
    this.#weights = new DataView(this.#all.buffer)
  }

  /**
   * @param weight of this rank's part
   * @param reached by parameter: 1 where the loss of this rank reaches it in any batch of the window
   */
  *run(weight: number, reached: Uint8Array): Task {
    const own = this.#own
    new DataView(own.buffer).setFloat64(0, weight)
    own.fill(0, WEIGHT_BYTES)
    for (let i = 0; i < reached.length; i++) {
      const at = WEIGHT_BYTES + (i >> 3)
      if (reached[i]) own[at] = (own[at] as number) | (1 << (i & 7))
    }
    yield (collectives) => collectives.allGather(own, this.#all)
    this.totalWeight = 0
    this.reached.fill(0)
    for (let start = 0; start < this.#all.length; start += own.length) this.#add(start)
  }

  #add(start: number): void {
    this.totalWeight += this.#weights.getFloat64(start)
    const { reached } = this
    for (let i = 0; i < reached.length; i++) {
      const byte = this.#all[start + WEIGHT_BYTES + (i >> 3)] as number
      if (byte & (1 << (i & 7))) reached[i] = 1
    }
  }
}

const WEIGHT_BYTES = 8
