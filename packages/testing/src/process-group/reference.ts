import type { Elements, ProcessGroup, ReduceOperation } from '@levin/core'

/** What a rank does in a case. */
export type GroupBody = (group: ProcessGroup) => Promise<void>

export type Form = ProcessGroup['asynchronous']

/** Both forms of every collective, each as promises; the blocking one where a rank may block. */
export const forms = ({ asynchronous, blocking }: ProcessGroup): Form[] => {
  if (!blocking) return [asynchronous]
  const wrapped = Object.entries(blocking).map(([name, operation]) => [
    name,
    async (...args: never[]) => (operation as (...args: never[]) => void).call(blocking, ...args),
  ])
  return [asynchronous, Object.fromEntries(wrapped) as Form]
}

/** Nothing, one, odd numbers, and more than a rank's share of a small buffer. */
export const LENGTHS = [0, 1, 2, 7, 64, 1001]

/** More than fits into any one piece of a group that moves data in pieces, and no multiple of anything. */
export const LARGE = 150_001

/** What rank `rank` brings, different in every place; from `start` on. */
export function dataOf(rank: number, length: number, start = 0): Float32Array<ArrayBuffer> {
  const data = new Float32Array(length)
  for (let i = 0; i < length; i++) data[i] = 1 + Math.sin(1 + start + i + 31 * rank) / 2
  return data
}

/** The sum of what all ranks bring. */
export function sumOf(size: number, length: number, start = 0): Float64Array {
  const sum = new Float64Array(length)
  for (const rank of ranksOf(size)) {
    const data = dataOf(rank, length, start)
    for (let i = 0; i < length; i++) sum[i] = (sum[i] as number) + (data[i] as number)
  }
  return sum
}

export const bytesOf = (rank: number, length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + rank * 59) % 256)

export const integersOf = (rank: number, length: number): Int32Array<ArrayBuffer> =>
  Int32Array.from({ length }, (_, i) => ((i * 13 + rank * 7) % 11) - 5)

/** Each type of elements, with what rank `rank` brings of it. */
export const KINDS: readonly {
  readonly name: string
  readonly of: (rank: number, length: number) => Elements
  readonly empty: (length: number) => Elements
}[] = [
  { name: 'float32', of: dataOf, empty: (length) => new Float32Array(length) },
  { name: 'int32', of: integersOf, empty: (length) => new Int32Array(length) },
  { name: 'bytes', of: bytesOf, empty: (length) => new Uint8Array(length) },
]

const REDUCE: Readonly<Record<ReduceOperation, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  product: (values) => values.reduce((a, b) => a * b, 1),
}

export const OPERATIONS = Object.keys(REDUCE) as ReduceOperation[]

/** The reduction of what all ranks bring. */
export function reduced(
  size: number,
  length: number,
  operation: ReduceOperation,
  of: (rank: number, length: number) => Elements = dataOf,
): number[] {
  const all = ranksOf(size).map((rank) => of(rank, length))
  return Array.from({ length }, (_, i) => REDUCE[operation](all.map((data) => data[i] as number)))
}

export const concatenated = (parts: readonly Elements[]): number[] => parts.flatMap((part) => [...part])

export const ranksOf = (size: number): number[] => Array.from({ length: size }, (_, rank) => rank)

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** The same numbers in every run, other ones on every rank. */
export function randomOf(rank: number): () => number {
  let state = 17 + 1000 * rank
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
