import { describe, expect, test } from 'vitest'
import { joinSlices, LevinError, type SliceLayout, type TensorRecord } from '../src/index.js'

/** A whole tensor whose every element is its index. */
const counting = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i)

/** The slice of {@link counting}, found element by element. */
function sliceOf(shape: readonly number[], layout: SliceLayout, reads: number[][] = []): TensorRecord {
  const flat = layout.globalShape.length === 1 && shape.length !== 1
  const values: number[] = []
  const visit = (axis: number, index: number): void => {
    if (axis === layout.shape.length) return void values.push(index)
    for (let i = 0; i < (layout.shape[axis] as number); i++)
      visit(axis + 1, index * (layout.globalShape[axis] as number) + (layout.start[axis] as number) + i)
  }
  visit(0, 0)
  const data = Float32Array.from(values)
  return {
    name: 'w',
    dtype: 'float32',
    shape: layout.shape,
    slice: layout,
    ...(flat ? { wholeShape: shape } : {}),
    data: () => data,
    range: async (start, count) => {
      reads.push([start, count])
      return data.slice(start, start + count)
    },
  }
}

const stretch = (size: number, start: number, end: number): SliceLayout => ({
  globalShape: [size],
  start: [start],
  shape: [end - start],
})

const joined = (records: TensorRecord[]) => joinSlices(records, 'ckpt').get('w') as Required<TensorRecord>

async function refusal(action: () => unknown): Promise<LevinError> {
  const error: unknown = await (async () => action())().then(
    () => new Error('nothing was refused'),
    (reason: unknown) => reason,
  )
  if (LevinError.isInstance(error, 'LEVIN_CHECKPOINT_CORRUPT')) return error
  throw error
}

/** Divides a tensor into blocks: at each level one axis is cut somewhere. */
function blocks(shape: readonly number[], cuts: number, random: () => number): SliceLayout[] {
  let layouts: SliceLayout[] = [{ globalShape: shape, start: shape.map(() => 0), shape }]
  for (let cut = 0; cut < cuts; cut++) {
    const axis = Math.floor(random() * shape.length)
    layouts = layouts.flatMap((layout) => {
      const at = Math.floor(random() * ((layout.shape[axis] as number) + 1))
      const rest = (layout.shape[axis] as number) - at
      const start = layout.start.with(axis, (layout.start[axis] as number) + at)
      return [
        { ...layout, shape: layout.shape.with(axis, at) },
        { ...layout, start, shape: layout.shape.with(axis, rest) },
      ]
    })
  }
  return layouts
}

function stretches(size: number, cuts: number, random: () => number): SliceLayout[] {
  const ends = Array.from({ length: cuts }, () => Math.floor(random() * (size + 1))).sort((a, b) => a - b)
  return [...ends, size].map((end, i) => stretch(size, i === 0 ? 0 : (ends[i - 1] as number), end))
}

function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('slices of one tensor', () => {
  test.each(['blocks', 'stretches', 'both'])(
    'come together as the whole, all of it and any stretch: %s',
    async (kind) => {
      const random = randomNumbers(5)
      for (let round = 0; round < 200; round++) {
        const shape = Array.from({ length: 1 + Math.floor(random() * 4) }, () => 1 + Math.floor(random() * 5))
        const whole = counting(shape)
        const layouts = [
          ...(kind === 'stretches' ? [] : blocks(shape, Math.floor(random() * 4), random)),
          ...(kind === 'blocks' ? [] : stretches(whole.length, Math.floor(random() * 4), random)),
        ].toSorted(() => random() - 0.5)
        const record = joined(layouts.map((layout) => sliceOf(shape, layout)))
        expect(record.shape).toEqual(shape)
        expect(record).not.toHaveProperty('slice')
        expect(await record.data()).toEqual(whole)
        const start = Math.floor(random() * (whole.length + 1))
        const count = Math.floor(random() * (whole.length - start + 1))
        expect(await record.range(start, count)).toEqual(whole.slice(start, start + count))
      }
    },
  )

  test('are read only where what is asked for lies in them, and no more of them than that', async () => {
    const shape = [4, 6]
    const reads = [0, 1, 2].map((): number[][] => [])
    const columns = [0, 2, 4].map((first, i) =>
      sliceOf(shape, { globalShape: shape, start: [0, first], shape: [4, 2] }, reads[i]),
    )
    await joined(columns).range(7, 4)
    // Elements 7 to 10: row 1, columns 1 to 4.
    expect(reads).toEqual([[[3, 1]], [[2, 2]], [[2, 1]]])
    for (const own of reads) own.length = 0
    await joined(
      [stretch(24, 0, 10), stretch(24, 10, 20), stretch(24, 20, 24)].map((layout, i) =>
        sliceOf(shape, layout, reads[i]),
      ),
    ).range(12, 3)
    expect(reads).toEqual([[], [[2, 3]], []])
  })

  test('may be empty, and so may the tensor be; a scalar is one element', async () => {
    expect(await joined([sliceOf([3], stretch(3, 0, 3)), sliceOf([3], stretch(3, 3, 3))]).data()).toEqual(counting([3]))
    expect(await joined([sliceOf([0, 4], { globalShape: [0, 4], start: [0, 0], shape: [0, 4] })]).data()).toHaveLength(
      0,
    )
    expect(await joined([sliceOf([], { globalShape: [], start: [], shape: [] })]).data()).toEqual(Float32Array.of(0))
  })

  test('leave what is whole as it is', () => {
    const whole: TensorRecord = { name: 'b', dtype: 'int32', shape: [2], data: () => Int32Array.of(1, 2) }
    expect(joinSlices([whole], 'ckpt').get('b')).toBe(whole)
  })

  test.each<[string, [number, number][], RegExp]>([
    ['the beginning', [[2, 8]], /'w' in 'ckpt'.*elements 0 to 1 of its 8, shape \[2, 4\]/],
    [
      'the middle',
      [
        [0, 3],
        [5, 8],
      ],
      /elements 3 to 4/,
    ],
    [
      'the end',
      [
        [0, 3],
        [2, 7],
      ],
      /elements 7 to 7/,
    ],
    ['everything', [[3, 3]], /elements 0 to 7/],
  ])('that leave out %s are refused', async (_name, parts, message) => {
    const records = parts.map(([start, end]) => sliceOf([2, 4], stretch(8, start, end)))
    expect((await refusal(() => joined(records))).message).toMatch(message)
  })

  test('of different tensors are refused', async () => {
    const own = sliceOf([2, 4], stretch(8, 0, 8))
    const others = [
      { ...own, dtype: 'int32' as const },
      { ...own, wholeShape: [4, 2] },
      { ...own, slice: stretch(9, 0, 8) },
    ]
    for (const other of others) expect((await refusal(() => joined([own, other]))).message).toContain("'w'")
  })

  test('may overlap where they agree, to the last bit', async () => {
    const shape = [2, 4]
    const halves = [sliceOf(shape, stretch(8, 0, 5)), sliceOf(shape, stretch(8, 3, 8))] as const
    expect(await joined([...halves]).data()).toEqual(counting(shape))
    const wrong = joined([halves[0], { ...halves[1], range: async (_start, count) => new Float32Array(count) }])
    expect((await refusal(() => wrong.data())).message).toMatch(/two parts hold 3 and 0/)
    // Where they do not overlap nothing speaks against them.
    expect(await wrong.range(0, 3)).toEqual(Float32Array.of(0, 1, 2))
  })

  test('have no stretch beyond their end', async () => {
    const record = joined([sliceOf([2, 4], stretch(8, 0, 8))])
    for (const [start, count] of [
      [0, 9],
      [8, 1],
      [-1, 2],
      [0.5, 1],
    ] as const)
      await expect(record.range(start, count)).rejects.toMatchObject({ code: 'LEVIN_SHAPE' })
  })
})
