import type { Collectives } from '@levin/core'
import type { Line } from './line.js'

/** Takes the parameters of a line as they come, whole. */
export interface Receiver {
  /** Where the values of the only parameter of a line are wanted. Default: in a buffer, to be copied from. */
  memory?(): Float32Array | undefined
  /** @param values of the parameter at `index`: what {@link memory} gave, or good until this returns */
  take(index: number, values: Float32Array): void
}

/**
 * Moves lines between ranks. What a line holds of several parameters goes through buffers that are as long as the longest of them,
 * and used again.
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
   * Every parameter of a line whole on every rank.
   *
   * @param piece the values of what this rank holds of the parameter at `index`
   */
  gather(line: Line, piece: (index: number) => Float32Array, receiver: Receiver): void {
    if (line.parameters.length === 1) {
      const size = line.sizeAt(0)
      const target = receiver.memory?.() ?? this.#wholeOf(size)
      this.#collectives.allGather(piece(0), target, line.countsOf(0))
      receiver.take(0, target)
      return
    }
    const rank = this.#rank
    const own = this.#stretchOf(line)
    this.#pack(
      own,
      line,
      (index) => line.offset(index, rank),
      piece,
      (index) => line.piece(index, rank).count,
    )
    const whole = this.#wholeOf(line.length)
    if (line.even) this.#collectives.allGather(own, whole)
    else
      this.#collectives.allGather(
        own,
        whole,
        Array.from({ length: line.ranks }, (_, each) => line.lengthOf(each)),
      )
    for (const [index, start] of line.starts.entries())
      receiver.take(index, whole.subarray(start, start + line.sizeAt(index)))
  }

  /**
   * The sum of all ranks' lines, of which every rank gets its own stretch. It is good until the next call.
   *
   * @param part the values that this rank adds for the parameter at `index`; `undefined` for zeros
   */
  reduce(line: Line, part: (index: number) => Float32Array | undefined): Float32Array {
    const own = this.#stretchOf(line)
    const data = this.#lineOf(line, part)
    if (line.even) {
      this.#collectives.reduceScatter(data, own, 'sum')
      return own
    }
    // There is no reduction to stretches of any length: at twice the traffic, each takes its own out of the whole.
    this.#collectives.allReduce(data, 'sum')
    own.set(data.subarray(line.bounds[this.#rank], line.bounds[this.#rank + 1]))
    return own
  }

  /** One parameter whole on every rank, in an array of its own. */
  gatherOne(line: Line, index: number, piece: Float32Array): Float32Array {
    const whole = new Float32Array(line.sizeAt(index))
    this.#collectives.allGather(piece, whole, line.countsOf(index))
    return whole
  }

  /** The only parameter where it lies, if nothing has to be added to it; otherwise all of them in a buffer. */
  #lineOf(line: Line, part: (index: number) => Float32Array | undefined): Float32Array {
    if (line.even && line.parameters.length === 1 && line.length === line.sizeAt(0)) {
      const values = part(0)
      if (values) return values
    }
    const whole = this.#wholeOf(line.length)
    this.#pack(
      whole,
      line,
      (index) => line.starts[index] as number,
      part,
      (index) => line.sizeAt(index),
    )
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

  #wholeOf(length: number): Float32Array {
    if (this.#whole.length < length) this.#whole = new Float32Array(length)
    return this.#whole.subarray(0, length)
  }

  #stretchOf(line: Line): Float32Array {
    const length = line.lengthOf(this.#rank)
    if (this.#stretch.length < length) this.#stretch = new Float32Array(length)
    return this.#stretch.subarray(0, length)
  }
}
