import type { Elements, ReduceOperation } from '@levin/core'
import { bytesOf, typeOf } from '../elements.js'
import type { Block } from './block.js'
import type { Traffic } from './collectives.js'
import { copy } from './copy.js'
import type { Reduction, Reductions } from './reductions.js'
import { lookFor, requireWorld, waitBlocking } from './waiting.js'

/** What an all-reduce of up to this many bytes costs in meetings is more than what every rank saves by sharing the work. */
export const SMALL = 16 * 1024

/**
 * Everybody reduces everything: one meeting. Of a few kilobytes that is over within half a microsecond, which is why the
 * blocking form of it goes its own way, past generators and queues, each of which takes as long.
 */
export class SmallAllReduce {
  readonly #block: Block
  readonly #traffic: Traffic
  readonly #reductions: Reductions
  readonly #spin: number
  /** Where the result is made: over this rank's own elements, where that may be. Fewer lines in the cache. */
  readonly #target: number
  /** The result, as long as the last one was. */
  #result: Uint8Array

  constructor(block: Block, traffic: Traffic, reductions: Reductions, spin: number) {
    this.#block = block
    this.#traffic = traffic
    this.#reductions = reductions
    this.#spin = spin
    const { layout, rank } = block
    this.#target = layout.scratch(rank) + SMALL
    this.#result = this.#resultOf(0)
  }

  /** The blocking form, where nothing else is under way. */
  run(data: Elements, operation: ReduceOperation, deadline: number): void {
    const block = this.#block
    requireWorld(block, 'allReduce', block.sequence + 1)
    const bytes = bytesOf(data)
    const reduction = this.#reductions.of(typeOf(data), operation)
    this.begin(bytes, data.length, reduction)
    for (let rank = 0; rank < block.size; rank++) {
      const wait = block.notYet(rank)
      if (wait === undefined || lookFor(block, wait, this.#spin)) continue
      waitBlocking(block, wait, { name: 'allReduce', sequence: block.sequence, deadline }, 0)
    }
    block.compare()
    this.end(bytes, data.length, reduction)
  }

  /** Puts forward what this rank has, and arrives. */
  begin(bytes: Uint8Array, count: number, { detail }: Reduction): void {
    const block = this.#block
    copy(block.bytes, bytes, block.layout.slot(block.turn++, block.rank))
    block.describe('allReduce', count, detail)
    block.arrive()
    // Once more for this rank itself, while the others come: what they have read is no longer in its own cache.
    copy(block.bytes, bytes, block.layout.scratch(block.rank))
  }

  /** Reduces what all put forward, when all have arrived. */
  end(bytes: Uint8Array, count: number, { reduce }: Reduction): void {
    const { layout, rank, turn, size } = this.#block
    const { length } = bytes
    reduce(layout.slot(turn - 1, 0), layout.scratch(rank), this.#target, count)
    if (this.#result.length !== length) this.#result = this.#resultOf(length)
    copy(bytes, this.#result, 0)
    this.#traffic.operations++
    this.#traffic.bytesSent += length * (size - 1)
    this.#traffic.bytesReceived += length * (size - 1)
  }

  #resultOf(length: number): Uint8Array {
    return this.#block.bytes.subarray(this.#target, this.#target + length)
  }
}
