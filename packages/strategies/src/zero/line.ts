import type { Parameter, Shard } from '@levin/core'

/** What a rank holds of one parameter: elements in row-major order. */
export interface Piece {
  readonly start: number
  readonly count: number
}

/**
 * Parameters laid end to end, and the stretch of them that each rank holds. Whatever the shapes, stretches are of one length, so
 * that memory and work are even; or, where an optimizer needs whole tensors, they are what each rank owns.
 */
export class Line {
  readonly parameters: readonly Parameter[]
  /** The place of each parameter's first element. */
  readonly starts: readonly number[]
  /** Rank r holds the elements from `bounds[r]` on, up to `bounds[r + 1]`. The last may lie beyond the parameters. */
  readonly bounds: readonly number[]
  /** Whether every rank's stretch has the same length. */
  readonly even: boolean

  private constructor(parameters: readonly Parameter[], bounds: readonly number[], even: boolean) {
    this.parameters = parameters
    this.bounds = bounds
    this.even = even
    let start = 0
    this.starts = parameters.map(({ size }) => {
      start += size
      return start - size
    })
  }

  /** Cut into equal stretches, wherever that is. */
  static even(parameters: readonly Parameter[], ranks: number): Line {
    const stretch = Math.ceil(sizeOf(parameters) / ranks)
    const bounds = Array.from({ length: ranks + 1 }, (_, rank) => rank * stretch)
    return new Line(parameters, bounds, true)
  }

  /**
   * Whole tensors, the largest first, each to the rank that has least so far.
   *
   * @param loads elements that each rank has already; what is given out here is added
   */
  static ofTensors(parameters: readonly Parameter[], loads: number[]): Line {
    const owned: Parameter[][] = loads.map(() => [])
    for (const parameter of parameters.toSorted((a, b) => b.size - a.size)) {
      const rank = loads.indexOf(Math.min(...loads))
      owned[rank]?.push(parameter)
      loads[rank] = (loads[rank] as number) + parameter.size
    }
    const bounds = [0]
    for (const own of owned) bounds.push((bounds.at(-1) as number) + sizeOf(own))
    return new Line(owned.flat(), bounds, false)
  }

  get ranks(): number {
    return this.bounds.length - 1
  }

  /** Elements of all stretches. */
  get length(): number {
    return this.bounds.at(-1) as number
  }

  lengthOf(rank: number): number {
    return (this.bounds[rank + 1] as number) - (this.bounds[rank] as number)
  }

  /** What `rank` holds of the parameter at `index`. */
  piece(index: number, rank: number): Piece {
    const first = this.starts[index] as number
    const size = this.sizeAt(index)
    const start = Math.min(Math.max((this.bounds[rank] as number) - first, 0), size)
    const end = Math.min(Math.max((this.bounds[rank + 1] as number) - first, 0), size)
    return { start: end > start ? start : 0, count: end - start }
  }

  sizeAt(index: number): number {
    return (this.parameters[index] as Parameter).size
  }

  /** By rank: the elements of the parameter at `index` that it holds. */
  countsOf(index: number): number[] {
    return Array.from({ length: this.ranks }, (_, rank) => this.piece(index, rank).count)
  }

  /** Where that lies within the stretch of `rank`. */
  offset(index: number, rank: number): number {
    return Math.max((this.starts[index] as number) - (this.bounds[rank] as number), 0)
  }

  /** The same as a parameter knows it. `undefined`: the whole. */
  shard(index: number, rank: number): Shard | undefined {
    const { start, count } = this.piece(index, rank)
    const { shape, size } = this.parameters[index] as Parameter
    if (this.ranks === 1 || (!this.even && count === size)) return undefined
    if (!this.even && shape.length > 0) return { start: shape.map(() => 0), shape: [0, ...shape.slice(1)] }
    return { start: [start], shape: [count], flat: true }
  }
}

export const sizeOf = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0)

/** Elements from which a parameter is a line of its own: then it travels from memory to memory, and the few more calls cost less. */
const ALONE = 2 ** 15

/** Parameters in groups of about `size` elements, large ones each alone. They keep their order. */
export function bucketsOf(parameters: readonly Parameter[], size: number): Parameter[][] {
  const buckets: Parameter[][] = []
  let room = 0
  for (const parameter of parameters) {
    if (parameter.size > room || parameter.size >= ALONE) {
      buckets.push([])
      room = size
    }
    buckets.at(-1)?.push(parameter)
    room = parameter.size >= ALONE ? 0 : room - parameter.size
  }
  return buckets
}
