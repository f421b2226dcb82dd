import { EventQueue } from './events.js'
import { exponential, generator } from './random.js'

/** What a rank does next. All ranks have the same list. */
export type Action =
  /** Computes; a rank that is late in a step is so by a factor. */
  | { readonly kind: 'compute'; readonly seconds: number }
  /** Takes part in a collective, which begins when all are there and the one before has ended. */
  | { readonly kind: 'exchange'; readonly seconds: number; readonly blocks: boolean }
  /** Waits until every collective that it began has ended. */
  | { readonly kind: 'drain' }
  /** Draws how late it is from here on: the beginning of a step. */
  | { readonly kind: 'step' }

export interface SimulationOptions {
  readonly ranks: number
  /** How late a rank is in a step on average, as a part of its computation; exponentially distributed. Default 0. */
  readonly lateness?: number
  readonly seed?: number
}

interface Exchange {
  arrived: number
  readonly blocked: number[]
  end: number
}

/** Seconds until the last rank has done its list. */
export function simulate(actions: readonly Action[], options: SimulationOptions): number {
  return new Simulation(actions, options).run()
}

class Simulation {
  readonly #actions: readonly Action[]
  readonly #ranks: number
  readonly #lateness: number
  readonly #random: () => number
  readonly #queue = new EventQueue<number>()
  readonly #exchanges: Exchange[] = []
  /** By rank: the action that comes next, how many collectives it has begun, its factor in this step, and who drains. */
  readonly #at: Int32Array
  readonly #begun: Int32Array
  readonly #factor: Float64Array
  readonly #draining = new Set<number>()
  #networkFree = 0

  constructor(actions: readonly Action[], { ranks, lateness = 0, seed = 1 }: SimulationOptions) {
    this.#actions = actions
    this.#ranks = ranks
    this.#lateness = lateness
    this.#random = generator(seed)
    this.#at = new Int32Array(ranks)
    this.#begun = new Int32Array(ranks)
    this.#factor = new Float64Array(ranks).fill(1)
  }

  run(): number {
    for (let rank = 0; rank < this.#ranks; rank++) this.#queue.plan(0, rank)
    let last = 0
    for (let next = this.#queue.next(); next; next = this.#queue.next()) {
      last = next.time
      this.#proceed(next.event, next.time)
    }
    return Math.max(last, this.#networkFree)
  }

  /** Lets a rank go on until it has to wait. */
  #proceed(rank: number, now: number): void {
    for (;;) {
      const action = this.#actions[this.#at[rank] as number]
      if (action === undefined) return
      this.#at[rank] = (this.#at[rank] as number) + 1
      if (action.kind === 'step') this.#factor[rank] = 1 + exponential(this.#random, this.#lateness)
      else if (action.kind === 'compute') {
        this.#queue.plan(now + action.seconds * (this.#factor[rank] as number), rank)
        return
      } else if (action.kind === 'exchange') {
        this.#arrive(rank, now, action)
        if (action.blocks) return
      } else if (this.#waitsForAll(rank, now)) return
    }
  }

  #arrive(rank: number, now: number, { seconds, blocks }: Action & { kind: 'exchange' }): void {
    const index = this.#begun[rank] as number
    this.#begun[rank] = index + 1
    if (index === this.#exchanges.length)
      this.#exchanges.push({ arrived: 0, blocked: [], end: Number.POSITIVE_INFINITY })
    const exchange = this.#exchanges[index] as Exchange
    exchange.arrived++
    if (blocks) exchange.blocked.push(rank)
    if (exchange.arrived < this.#ranks) return
    exchange.end = Math.max(now, this.#networkFree) + seconds
    this.#networkFree = exchange.end
    for (const waiting of exchange.blocked) this.#queue.plan(exchange.end, waiting)
    this.#wakeDrained(index, exchange.end)
  }

  #waitsForAll(rank: number, now: number): boolean {
    const last = this.#exchanges[(this.#begun[rank] as number) - 1]
    if (!last || last.end <= now) return false
    if (last.end === Number.POSITIVE_INFINITY) this.#draining.add(rank)
    else this.#queue.plan(last.end, rank)
    return true
  }

  /** Ranks that wait for the collective that all have come to now, and for none after it. */
  #wakeDrained(index: number, end: number): void {
    for (const rank of this.#draining) {
      if ((this.#begun[rank] as number) - 1 !== index) continue
      this.#draining.delete(rank)
      this.#queue.plan(end, rank)
    }
  }
}
