import { LevinError, type Reduction, type SlotReading, type Strategy } from '@levin/core'
import type { LoggedValue } from './log-store.js'

/** How the values of an epoch come together over all workers. */
export type Workers = Pick<Strategy, 'rank' | 'reduce' | 'gather'>

/** What one worker has read under one name. */
export interface NamedReading {
  readonly name: string
  readonly reduction: Reduction
  readonly size: number
  readonly reading: SlotReading
}

type Described = Pick<NamedReading, 'name' | 'reduction' | 'size'>

const NEUTRAL: Readonly<Record<Reduction, number>> = { sum: 0, last: Number.NaN, min: Infinity, max: -Infinity }

/**
 * The readings of all workers as one, by name. A worker may lack names that others have: a shard without a batch, or a step that
 * logs only at times. All learn all names first, so that everybody brings the same to each collective, and nothing where there
 * is nothing.
 *
 * @throws LEVIN_LOG for a name that workers log in different ways
 */
export async function mergeReadings(
  own: readonly NamedReading[],
  workers: Workers,
): Promise<ReadonlyMap<string, SlotReading>> {
  const all = union(
    await workers.gather(own.map(({ name, reduction, size }): Described => ({ name, reduction, size }))),
  )
  const readings = new Map(own.map(({ name, reading }) => [name, reading]))
  const of = (reduction: Reduction) => all.filter((each) => each.reduction === reduction)
  const valuesOf = ({ name, reduction, size }: Described): ArrayLike<number> =>
    readings.get(name)?.values ?? new Float64Array(size).fill(NEUTRAL[reduction])

  // Counts of every name travel with the sums.
  const sums = of('sum')
  const counts = all.flatMap(({ name }) => [readings.get(name)?.weight ?? 0, readings.get(name)?.writes ?? 0])
  const summed = new Reader(await workers.reduce(pack([...sums.map(valuesOf), counts]), 'sum'))
  const merged = new Map<string, Float64Array>()
  for (const { name, size } of sums) merged.set(name, summed.next(size))
  const totals = summed.next(counts.length)
  for (const operation of ['min', 'max'] as const) {
    const names = of(operation)
    if (!names.length) continue
    const reduced = new Reader(await workers.reduce(pack(names.map(valuesOf)), operation))
    for (const { name, size } of names) merged.set(name, reduced.next(size))
  }
  return new Map(
    all.map(({ name }, index) => [
      name,
      {
        values: merged.get(name) ?? new Float64Array(0),
        weight: totals[2 * index] ?? 0,
        writes: totals[2 * index + 1] ?? 0,
        firstNonFinite: readings.get(name)?.firstNonFinite,
      },
    ]),
  )
}

/** Adds what only others can compute, since they alone have logged it. */
export function withOthers(own: readonly LoggedValue[], all: readonly (readonly LoggedValue[])[]): LoggedValue[] {
  const known = new Map(own.map((value) => [value.name, value]))
  for (const value of all.flat()) if (!known.has(value.name)) known.set(value.name, value)
  return [...known.values()]
}

/** All names in the order in which workers bring them, which is the same wherever it is asked. */
function union(lists: readonly (readonly Described[])[]): Described[] {
  const all = new Map<string, Described>()
  for (const described of lists.flat()) {
    const known = all.get(described.name) ?? described
    if (known.reduction !== described.reduction || known.size !== described.size) {
      throw new LevinError('LEVIN_LOG', {
        message: `'${described.name}' is logged in different ways by different workers.`,
        remedy: 'Log it in one way, or under two names.',
      })
    }
    all.set(described.name, known)
  }
  return [...all.values()]
}

const pack = (parts: readonly ArrayLike<number>[]): Float64Array =>
  Float64Array.from(parts.flatMap((part) => Array.from(part)))

/** Takes packed values apart again. */
class Reader {
  readonly #values: Float64Array
  #at = 0

  constructor(values: Float64Array) {
    this.#values = values
  }

  next(size: number): Float64Array {
    this.#at += size
    return this.#values.slice(this.#at - size, this.#at)
  }
}
