import type { Collectives } from '@levin/core'
import type { Line } from './line.js'

/**
 * Moves lines between ranks. The buffers that it moves them through are as long as the longest line, and used again: what a
 * method gives is good until the next call.
 */
export class LineTransfer {
  readonly #collectives: Collectives
  readonly #rank: number
  #whole = new Float32Array(0)
  #stretch = new Float32Array(0)

  constructor(collectives: Collectives, rank: number) {
    this.#collectives = collectives
    this.#rank = rank
  }

  /**
   * The whole line on every rank.
   *
   * @param piece the values of what this rank holds of the parameter at `index`
   */
  gather(line: Line, piece: (index: number) => Float32Array): Float32Array {
    const rank = this.#rank
    const own = this.#stretchOf(line)
    this.#pack(
      own,
      line,
      (index) => line.offset(index, rank),
      piece,
      (index) => line.piece(index, rank).count,
    )
    const whole = this.#wholeOf(line)
    if (line.even) this.#collectives.allGather(own, whole)
    else
      this.#collectives.allGather(
        own,
        whole,
        Array.from({ length: line.ranks }, (_, each) => line.lengthOf(each)),
      )
    return whole
  }

  /**
   * The sum of all ranks' lines, of which every rank gets its own stretch.
   *
   * @param part the values that this rank adds for the parameter at `index`; `undefined` for zeros
   */
  reduce(line: Line, part: (index: number) => Float32Array | undefined): Float32Array {
    const whole = this.#wholeOf(line)
    this.#pack(
      whole,
      line,
      (index) => line.starts[index] as number,
      part,
      (index) => line.parameters[index]?.size ?? 0,
    )
    const own = this.#stretchOf(line)
    if (line.even) {
      this.#collectives.reduceScatter(whole, own, 'sum')
      return own
    }
    // There is no reduction to stretches of any length: at twice the traffic, each takes its own out of the whole.
    this.#collectives.allReduce(whole, 'sum')
    own.set(whole.subarray(line.bounds[this.#rank], line.bounds[this.#rank + 1]))
    return own
  }

  /** One parameter whole on every rank, in memory of its own. */
  gatherOne(line: Line, index: number, piece: Float32Array): Float32Array {
    const lengths = Array.from({ length: line.ranks }, (_, rank) => line.piece(index, rank).count)
    const whole = new Float32Array(lengths.reduce((sum, length) => sum + length, 0))
    this.#collectives.allGather(piece, whole, lengths)
    return whole
  }

  #pack(
    target: Float32Array,
    line: Line,
    place: (index: number) => number,
    values: (index: number) => Float32Array | undefined,
    count: (index: number) => number,
  ): void {
    let end = 0
    for (let index = 0; index < line.parameters.length; index++) {
      const size = count(index)
      if (size === 0) continue
      const given = values(index)
      const start = place(index)
      if (given) target.set(given, start)
      else target.fill(0, start, start + size)
      end = start + size
    }
    target.fill(0, end)
  }

  #wholeOf({ length }: Line): Float32Array {
    if (this.#whole.length < length) this.#whole = new Float32Array(length)
    return this.#whole.subarray(0, length)
  }

  #stretchOf(line: Line): Float32Array {
    const length = line.lengthOf(this.#rank)
    if (this.#stretch.length < length) this.#stretch = new Float32Array(length)
    return this.#stretch.subarray(0, length)
  }
}
