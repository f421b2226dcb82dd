import type { TensorRecord } from '@levin/core'

/** What ranks tell each other of a record: which tensor or slice it is, and its elements. */
export type Entry = readonly [key: string, elements: number]

/** Of each list of records what the other ranks have to know. */
export const entriesOf = (records: readonly TensorRecord[]): readonly Entry[] =>
  records.map((record) => [keyOf(record), record.shape.reduce((product, size) => product * size, 1)])

const keyOf = ({ name, slice }: TensorRecord): string =>
  slice ? JSON.stringify([name, slice.globalShape, slice.start, slice.shape]) : name

/**
 * The records that a rank writes. What several ranks hold alike is written by one of them: the largest first, by the rank that
 * has the least to write so far, so that all take about as long. All ranks come to the same.
 *
 * @param own lists of records of this rank
 * @param all of each rank the entries of its lists
 */
export function dealParts(
  own: readonly (readonly TensorRecord[])[],
  all: readonly (readonly (readonly Entry[])[])[],
  rank: number,
): readonly (readonly TensorRecord[])[] {
  const held = new Map<string, { readonly elements: number; readonly ranks: number[] }>()
  for (const [holder, lists] of all.entries()) {
    for (const [list, entries] of lists.entries()) {
      for (const [key, elements] of entries) {
        const place = placeOf(list, key)
        const known = held.get(place) ?? { elements, ranks: [] }
        held.set(place, known)
        if (!known.ranks.includes(holder)) known.ranks.push(holder)
      }
    }
  }
  const writers = new Map<string, number>()
  const load = new Array<number>(all.length).fill(0)
  // Who alone holds something has no choice: the rest is dealt out around that.
  const inOrder = [...held].sort(([, a], [, b]) => a.ranks.length - b.ranks.length || b.elements - a.elements)
  for (const [place, { elements, ranks }] of inOrder) {
    const writer = ranks.reduce((best, each) => ((load[each] as number) < (load[best] as number) ? each : best))
    load[writer] = (load[writer] as number) + elements
    writers.set(place, writer)
  }
  return own.map((records, list) => records.filter((record) => writers.get(placeOf(list, keyOf(record))) === rank))
}

const placeOf = (list: number, key: string): string => `${list} ${key}`
