import { LevinError } from '@levin/core'
import type { SharedArena } from './arena.js'
import { failWorld } from './failure.js'
import { ARRIVAL, DESCRIPTION, type Layout } from './layout.js'
import { type Progress, raise, reached, type Wait } from './wait.js'

/** What a rank says of its next operation: all must say the same. */
export interface Description {
  readonly name: CollectiveName
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

export type CollectiveName = (typeof KINDS)[number]

/** One group as one of its ranks sees it: counters, descriptions and slots in the shared memory. */
export class Block {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  /** Turns so far, the same on every rank: which slots are next. */
  turn = 0
  // What this rank's own line says is kept here too: to look there would take it back from whoever waits on it.
  #sequence = 0
  #kind = 0
  #count = 0
  #detail = 0
  #arrived = 0
  readonly #arrivals: readonly ({ target: number } & Wait)[]

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

  /** Writes down what this rank does next, for the others to read when they have met. Best right before it arrives. */
  describe(name: CollectiveName, count: number, detail: number): void {
    this.#sequence++
    this.#kind = KINDS.indexOf(name)
    this.#count = count | 0
    this.#detail = detail
    const { words } = this
    const word = this.layout.description(this.#sequence, this.rank)
    words[word + DESCRIPTION.sequence] = this.#sequence
    words[word + DESCRIPTION.kind] = this.#kind
    words[word + DESCRIPTION.count] = this.#count
    words[word + DESCRIPTION.detail] = detail
  }

  /** All that was written before is seen by those who see that this rank has arrived. */
  arrive(): void {
    this.#arrived = raise(this.words, this.layout.arrival(this.rank), this.#arrived)
  }

  /** What to wait for after arriving, until `rank` has too; `undefined` if it has. */
  notYet(rank: number): Wait | undefined {
    if (rank === this.rank) return undefined
    const wait = this.#arrivals[rank] as { target: number } & Wait
    wait.target = this.#arrived
    return reached(this.words, wait) ? undefined : wait
  }

  /** Arrives, and yields for every rank that has not. */
  meet(): Progress {
    this.arrive()
    return this.others()
  }

  /** Yields for every rank that has not arrived where this one has. */
  *others(): Progress {
    for (let rank = 0; rank < this.layout.size; rank++) {
      // Asked again: who drives the operation may have changed while it waited.
      for (let wait = this.notYet(rank); wait; wait = this.notYet(rank)) yield wait
    }
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

  /**
   * What all say of their operation, after its first meeting.
   *
   * @throws LEVIN_COLLECTIVE if somebody does something else
   */
  compare(): void {
    const { words } = this
    for (let rank = 0; rank < this.layout.size; rank++) {
      if (rank === this.rank) continue
      const word = this.layout.description(this.#sequence, rank)
      const agrees =
        words[word + DESCRIPTION.sequence] === this.#sequence &&
        words[word + DESCRIPTION.kind] === this.#kind &&
        words[word + DESCRIPTION.count] === this.#count &&
        words[word + DESCRIPTION.detail] === this.#detail
      if (!agrees) throw this.#mismatch(rank)
    }
  }

  #mismatch(rank: number): LevinError {
    const text = (of: number): string => {
      const word = this.layout.description(this.#sequence, of)
      const kind = KINDS[this.words[word + DESCRIPTION.kind] as number] ?? 'another operation'
      const { count, detail } = DESCRIPTION
      return `${kind} of ${this.words[word + count]} elements (${this.words[word + detail]})`
    }
    const message = `Operation ${this.#sequence} of the group is ${text(this.rank)} on rank ${this.rank}, and ${text(rank)} on rank ${rank}.`
    failWorld(this.arena, 'LEVIN_COLLECTIVE', this.rank, message)
    return new LevinError('LEVIN_COLLECTIVE', {
      message,
      remedy: 'Let all ranks call the same collectives in the same order, with buffers of one length and type.',
    })
  }
}
