import { LevinError } from '@levin/core'
import type { SharedArena } from './arena.js'
import { failWorld } from './failure.js'
import { ARRIVAL, DESCRIPTION, type Layout } from './layout.js'
import { raise, reached, type Wait } from './wait.js'

/** What a rank says of its next operation: all must say the same. */
export interface Description {
  readonly name: string
  /** Elements; those of one part where there are parts. */
  readonly count: number
  /** Type, reduction or root, as a number. */
  readonly detail: number
}

/** Names of collectives by the number under which they are written down. */
const KINDS = [
  'allReduce',
  'reduceScatter',
  'allGather',
  'broadcast',
  'gather',
  'scatter',
  'allToAll',
  'barrier',
] as const

/** One group as one of its ranks sees it: counters, descriptions and slots in the shared memory. */
export class Block {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  /** Turns so far, the same on every rank: which slots are next. */
  turn = 0
  #sequence = 0
  readonly #arrivals: readonly Wait[]

  constructor(
    readonly arena: SharedArena,
    readonly layout: Layout,
    readonly rank: number,
  ) {
    this.words = new Int32Array(arena.memory.buffer)
    this.bytes = new Uint8Array(arena.memory.buffer)
    this.#arrivals = Array.from({ length: layout.size }, (_, rank) => ({ word: layout.arrival(rank), target: 0, rank }))
  }

  get size(): number {
    return this.layout.size
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Writes down what this rank does next. Read by the others after they have met. */
  describe({ name, count, detail }: Description): void {
    const sequence = ++this.#sequence
    const word = this.layout.description(sequence, this.rank)
    this.words[word + DESCRIPTION.sequence] = sequence
    this.words[word + DESCRIPTION.kind] = KINDS.indexOf(name as (typeof KINDS)[number])
    this.words[word + DESCRIPTION.count] = count | 0
    this.words[word + DESCRIPTION.detail] = detail
  }

  /**
   * Arrives, and yields for every rank that has not. All that was written before is seen by the others after.
   *
   * @param first whether it is the operation's first meeting, at which descriptions are compared
   */
  *meet(first = false): Generator<Wait, void, void> {
    const target = raise(this.words, this.layout.arrival(this.rank))
    for (let rank = 0; rank < this.layout.size; rank++) {
      const wait = this.#arrivals[rank] as { target: number } & Wait
      wait.target = target
      // Asked again: who drives the operation may have changed while it waited.
      while (!reached(this.words, wait)) yield wait
    }
    if (first) this.#compare()
  }

  /** Ranks that have not arrived where this one waits. */
  missing(wait: Wait): number[] {
    if (wait.word !== this.layout.arrival(wait.rank)) return [wait.rank]
    const { target } = wait
    return this.#arrivals.flatMap(({ word, rank }) => (reached(this.words, { word, target, rank }) ? [] : [rank]))
  }

  hasLeft(rank: number): boolean {
    return Atomics.load(this.words, this.layout.arrival(rank) + ARRIVAL.left) !== 0
  }

  leave(): void {
    const word = this.layout.arrival(this.rank)
    Atomics.store(this.words, word + ARRIVAL.left, 1)
    Atomics.notify(this.words, word)
  }

  #compare(): void {
    const own = this.layout.description(this.#sequence, this.rank)
    for (let rank = 0; rank < this.layout.size; rank++) {
      const other = this.layout.description(this.#sequence, rank)
      for (let i = 0; i < 4; i++) {
        if (this.words[own + i] !== this.words[other + i]) throw this.#mismatch(own, other, rank)
      }
    }
  }

  #mismatch(own: number, other: number, rank: number): LevinError {
    const text = (word: number): string => {
      const kind = KINDS[this.words[word + DESCRIPTION.kind] as number] ?? 'another operation'
      const { count, detail } = DESCRIPTION
      return `${kind} of ${this.words[word + count]} elements (${this.words[word + detail]})`
    }
    const message = `Operation ${this.#sequence} of the group is ${text(own)} on rank ${this.rank}, and ${text(other)} on rank ${rank}.`
    failWorld(this.arena, 'LEVIN_COLLECTIVE', this.rank, message)
    return new LevinError('LEVIN_COLLECTIVE', {
      message,
      remedy: 'Let all ranks call the same collectives in the same order, with buffers of one length and type.',
    })
  }
}
