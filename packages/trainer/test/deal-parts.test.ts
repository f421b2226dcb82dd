import type { TensorRecord } from '@levin/core'
import { expect, test } from 'vitest'
import { dealParts, entriesOf } from '../src/checkpoints/deal-parts.js'

const whole = (name: string, size: number): TensorRecord => ({
  name,
  dtype: 'float32',
  shape: [size],
  data: () => new Float32Array(size),
})

const slice = (name: string, start: number, size: number): TensorRecord => ({
  ...whole(name, size),
  slice: { globalShape: [100], start: [start], shape: [size] },
})

/** What each rank writes, as `name` or `name@start`. */
function dealt(held: readonly (readonly (readonly TensorRecord[])[])[]): string[][][] {
  const all = held.map((lists) => lists.map(entriesOf))
  return held.map((lists, rank) =>
    dealParts(lists, all, rank).map((records) =>
      records.map(({ name, slice }) => (slice ? `${name}@${slice.start[0]}` : name)),
    ),
  )
}

test('what one rank alone holds it writes; what several hold one of them does, who has the least to write', () => {
  const model = (rank: number) => [
    whole('a', 50),
    whole('b', 40),
    whole('c', 10),
    slice('w', rank * 30, rank === 0 ? 60 : 30),
  ]
  const parts = dealt([0, 1, 2].map((rank) => [model(rank), []]))
  expect(parts.map(([first]) => first)).toEqual([
    ['c', 'w@0'],
    ['a', 'w@30'],
    ['b', 'w@60'],
  ])
})

test('slices that several ranks hold alike are written once, and the same name in another list is another tensor', () => {
  // Two rows of ranks, each of which holds the same.
  const held = [0, 1, 0, 1].map((half) => [[slice('w', half * 50, 50)], [slice('w', half * 50, 50)]])
  const parts = dealt(held)
  expect(parts.flat(2).toSorted()).toEqual(['w@0', 'w@0', 'w@50', 'w@50'])
  expect(parts.map((lists) => lists.flat().length)).toEqual([1, 1, 1, 1])
})

test('a tensor that one rank holds twice is written once by it', () => {
  const both = [slice('w', 0, 50), slice('w', 50, 50)]
  expect(
    dealt([[both], [both]])
      .flat(2)
      .toSorted(),
  ).toEqual(['w@0', 'w@50'])
})
