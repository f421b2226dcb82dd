import type { TensorRanks } from '@levin/core'
import { type DataType, type Tensor, tensor } from '@tensorflow/tfjs-core'

interface Part {
  readonly operation: string
  readonly values: Float32Array | Int32Array | Uint8Array
  readonly shape: readonly number[]
  readonly dtype: DataType
}

interface Whole {
  readonly values: readonly number[]
  readonly shape: readonly number[]
}

/** What ranks came to, and what they asked each other for on the way. */
export interface Outcomes<T> {
  readonly results: T[]
  readonly operations: readonly string[]
}

/**
 * Lets `count` ranks compute layers together, in one thread, as `inLockstep` lets replicas: what a rank puts into its n-th
 * operation is known once it has run with the results of those before, so every rank runs again and again, one further each time.
 */
export function ranksInLockstep<T>(
  count: number,
  splitsSequence: boolean,
  run: (ranks: TensorRanks) => T,
): Outcomes<T> {
  const known: { operation: string; wholes: Whole[] }[] = []
  for (;;) {
    const waiting: Part[] = []
    const results: T[] = []
    for (let index = 0; index < count; index++) {
      const rank = new LockstepRank(count, index, splitsSequence, known)
      try {
        results.push(run(rank))
      } catch (error) {
        if (!rank.part) throw error
      }
      // However its error came out: layers wrap it, and a test may look at it.
      if (rank.part) waiting.push(rank.part)
      else if (rank.calls < known.length)
        throw new Error(`Rank ${index} came to ${rank.calls} of ${known.length} operations.`)
    }
    if (waiting.length === 0) return { results, operations: known.map(({ operation }) => operation) }
    if (waiting.length < count)
      throw new Error(`Of ${count} ranks ${waiting.length} came to operation ${known.length}.`)
    known.push(together(waiting, count))
  }
}

class LockstepRank implements TensorRanks {
  calls = 0
  part: Part | undefined

  constructor(
    readonly count: number,
    readonly index: number,
    readonly splitsSequence: boolean,
    private readonly known: readonly { operation: string; wholes: Whole[] }[],
  ) {}

  sum = (x: Tensor): Tensor => this.#do('sum', x)
  max = (x: Tensor): Tensor => this.#do('max', x)
  gather = (x: Tensor, axis: number): Tensor => this.#do(`gather ${axis}`, x)
  sumScatter = (x: Tensor, axis: number): Tensor => this.#do(`sumScatter ${axis}`, x)

  rotate(): Tensor[] {
    throw new Error('Nothing here rotates.')
  }

  #do(operation: string, x: Tensor): Tensor {
    const known = this.known[this.calls++]
    if (known === undefined) {
      const { shape, dtype } = x
      this.part = { operation, values: x.dataSync().slice() as Float32Array, shape, dtype }
      throw new Error('A rank waits for the others.')
    }
    if (known.operation !== operation) throw new Error(`A rank asked for ${operation}, others for ${known.operation}.`)
    const { values, shape } = known.wholes[this.index] as Whole
    return tensor([...values], [...shape] as [number], x.dtype)
  }
}

function together(parts: readonly Part[], count: number): { operation: string; wholes: Whole[] } {
  const [{ operation, shape }] = parts as [Part]
  const [name, axis] = operation.split(' ') as [string, string?]
  for (const part of parts) if (part.operation !== operation) throw new Error(`${operation} met ${part.operation}.`)
  const same = (each: Part) =>
    each.shape.every((size, at) => size === shape[at] || (name === 'gather' && at === Number(axis)))
  if (!parts.every(same)) throw new Error(`${operation} of ${parts.map((part) => `[${part.shape}]`).join(', ')}`)
  if (name === 'gather') {
    const whole = joined(parts, Number(axis))
    return { operation, wholes: parts.map(() => whole) }
  }
  const combine = name === 'max' ? Math.max : (a: number, b: number) => Math.fround(a + b)
  const values = parts
    .map(({ values }) => [...values])
    .reduce((a, b) => a.map((value, i) => combine(value, b[i] as number)))
  if (name !== 'sumScatter') return { operation, wholes: parts.map(() => ({ values, shape })) }
  return { operation, wholes: parts.map((_, index) => stretch({ values, shape }, Number(axis), index, count)) }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** Arrays one behind the other along an axis. */
export function joined(parts: readonly { values: ArrayLike<number>; shape: readonly number[] }[], axis: number): Whole {
  const [{ shape }] = parts as [Whole]
  const outer = sizeOf(shape.slice(0, axis))
  const values: number[] = []
  for (let row = 0; row < outer; row++) {
    for (const part of parts) {
      const length = sizeOf(part.shape.slice(axis))
      for (let i = 0; i < length; i++) values.push(part.values[row * length + i] as number)
    }
  }
  const along = parts.reduce((total, part) => total + (part.shape[axis] as number), 0)
  return { values, shape: shape.map((size, at) => (at === axis ? along : size)) }
}

function stretch({ values, shape }: Whole, axis: number, index: number, count: number): Whole {
  const length = (shape[axis] as number) / count
  if (!Number.isInteger(length)) throw new Error(`[${shape}] cannot be divided by ${count} along axis ${axis}.`)
  const inner = sizeOf(shape.slice(axis + 1))
  const row = (shape[axis] as number) * inner
  const rows = Array.from({ length: sizeOf(shape.slice(0, axis)) }, (_, outer) =>
    values.slice(outer * row + index * length * inner, outer * row + (index + 1) * length * inner),
  )
  return { values: rows.flat(), shape: shape.map((size, at) => (at === axis ? length : size)) }
}
