import type {
  CheckpointContent,
  CheckpointIO,
  PartReceipt,
  SaveOptions,
  SharedSaves,
  SliceLayout,
  StoredCheckpoint,
  TensorRecord,
} from '@levin/core'
import { expectEqual, expectRefusal, expectTrue } from './expectations.js'

/** What the cases of saves by several ranks need of those of checkpoints. */
export interface SharedSaveHarness {
  create(): CheckpointIO
  summary(step: number): Pick<CheckpointContent, 'trainer' | 'manifest'>
}

type Check = (harness: SharedSaveHarness, io: CheckpointIO, folder: string) => Promise<void>

/** Cases of slices, and of saves that several ranks make together. Those of the latter pass where there are none. */
export const sharedSaveChecks: Readonly<Record<string, Check>> = {
  'gives whole tensors back of slices': checkJoined,
  'refuses slices that leave a gap, and names the tensor': checkGap,
  'reads stretches of a tensor': checkStretches,
  'may be loaded by several ranks that divide the verifying': checkShares,
  'makes of the parts of several ranks what one rank saves': within(checkParts),
  'makes a checkpoint only of all parts of one save': within(checkIncomplete),
  'keeps what is there until a shared save is completed, and when it is abandoned': within(checkAbandoned),
  'keeps what is there from a shared save, where it is told to': within(checkKeptFromShared),
}

type SharedCheck = (harness: SharedSaveHarness, io: CheckpointIO, shared: SharedSaves, folder: string) => Promise<void>

function within(check: SharedCheck): Check {
  return async (harness, io, folder) => {
    if (io.shared) await check(harness, io, io.shared, folder)
  }
}

const WEIGHT = Float32Array.of(1, -0, 0.1, Number.NaN, Infinity, 6, 7, 8, 9, 10, 11, 12)
const MOMENTUM = WEIGHT.map((value) => value / 2)

/** Every element of a tensor of shape [4, 3] that a slice holds. */
function sliceOf(name: string, values: Float32Array, layout: SliceLayout): TensorRecord {
  const stretch = layout.globalShape.length === 1
  const [rows, columns] = stretch ? [1, layout.shape[0] as number] : (layout.shape as [number, number])
  const [row, column] = stretch ? [0, layout.start[0] as number] : (layout.start as [number, number])
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => values[(row + Math.floor(i / columns)) * 3 + column + (i % columns)] as number,
  )
  return {
    name,
    dtype: 'float32',
    shape: layout.shape,
    slice: layout,
    ...(stretch ? { wholeShape: [4, 3] } : {}),
    data: () => data,
  }
}

const block = (start: readonly number[], shape: readonly number[]): SliceLayout => ({
  globalShape: [4, 3],
  start,
  shape,
})
const stretch = (start: number, end: number): SliceLayout => ({
  globalShape: [12],
  start: [start],
  shape: [end - start],
})

const whole = (name: string, data: Float32Array | Int32Array, shape: readonly number[]): TensorRecord => ({
  name,
  dtype: data instanceof Float32Array ? 'float32' : 'int32',
  shape,
  data: () => data,
})

const COUNT = whole('count', Int32Array.of(-5, 2_147_483_647), [2])
const NOTHING = whole('nothing', new Float32Array(0), [0, 2])

/** What one rank would save. */
const WHOLE = {
  model: [whole('blocks', WEIGHT, [4, 3]), whole('stretches', WEIGHT, [4, 3]), COUNT, NOTHING],
  optimizer: [whole('0/stretches/momentum', MOMENTUM, [4, 3])],
}

/** The same, as three ranks hold it: one of them two blocks of one tensor, another one an empty stretch. */
const PARTS: readonly { readonly model: TensorRecord[]; readonly optimizer: TensorRecord[] }[] = [
  {
    model: [sliceOf('blocks', WEIGHT, block([0, 0], [4, 1])), sliceOf('stretches', WEIGHT, stretch(0, 5)), COUNT],
    optimizer: [sliceOf('0/stretches/momentum', MOMENTUM, stretch(0, 12))],
  },
  {
    model: [
      sliceOf('blocks', WEIGHT, block([0, 1], [2, 2])),
      sliceOf('blocks', WEIGHT, block([3, 1], [1, 2])),
      sliceOf('stretches', WEIGHT, stretch(5, 5)),
    ],
    optimizer: [],
  },
  {
    model: [sliceOf('blocks', WEIGHT, block([2, 1], [1, 2])), sliceOf('stretches', WEIGHT, stretch(5, 12)), NOTHING],
    optimizer: [sliceOf('0/stretches/momentum', MOMENTUM, stretch(12, 12))],
  },
]

async function expectSame(found: StoredCheckpoint, expected: StoredCheckpoint): Promise<void> {
  expectEqual(await plain(found), await plain(expected), 'checkpoint')
}

async function plain({ model, optimizer, trainer, facts }: StoredCheckpoint): Promise<unknown> {
  const records = async (all: ReadonlyMap<string, TensorRecord> | undefined) => {
    if (!all) return null
    const list: unknown[] = []
    for (const [name, record] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const data = await record.data()
      list.push([
        name,
        record.name,
        record.dtype,
        [...record.shape],
        'slice' in record,
        data.constructor.name,
        [...data],
      ])
    }
    return list
  }
  return { model: await records(model), optimizer: await records(optimizer), trainer, facts: { ...facts } }
}

async function checkJoined({ summary }: SharedSaveHarness, io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/whole`, { ...WHOLE, ...summary(1) })
  const slices = { model: PARTS.flatMap(({ model }) => model), optimizer: PARTS.flatMap(({ optimizer }) => optimizer) }
  await io.save(`${folder}/slices`, { ...slices, ...summary(1) })
  await expectSame(await io.load(`${folder}/slices`), await io.load(`${folder}/whole`))
}

async function checkGap({ summary }: SharedSaveHarness, io: CheckpointIO, folder: string): Promise<void> {
  const model = [sliceOf('w', WEIGHT, block([0, 0], [4, 1])), sliceOf('w', WEIGHT, block([0, 2], [4, 1]))]
  const save = () => io.save(`${folder}/a`, { model, ...summary(1) })
  const error = await expectRefusal(save, 'LEVIN_CHECKPOINT_CORRUPT', 'a save of two of three columns')
  expectTrue(error.message.includes("'w'"), `The error does not name the tensor: ${error.message}`)
  expectEqual(await io.exists(`${folder}/a`), false, 'exists() after it')
}

async function checkStretches({ summary }: SharedSaveHarness, io: CheckpointIO, folder: string): Promise<void> {
  const model = [...WHOLE.model, whole('count/2', Int32Array.of(1, 2, 3), [3])]
  await io.save(`${folder}/whole`, { model, ...summary(1) })
  await io.save(`${folder}/slices`, { model: PARTS.flatMap((part) => part.model), ...summary(1) })
  for (const location of ['whole', 'slices']) {
    const stored = await io.load(`${folder}/${location}`)
    for (const { name, range, data } of stored.model.values()) {
      if (!range) continue
      const all = await data()
      for (let start = 0; start <= all.length; start++)
        for (let count = 0; start + count <= all.length; count++) {
          const found = await range(start, count)
          const what = `${count} values of '${name}' (${location}) from ${start} on`
          expectEqual([...found], [...all.subarray(start, start + count)], what)
        }
    }
  }
}

async function checkShares({ summary, create }: SharedSaveHarness, io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, { ...WHOLE, ...summary(1) })
  const all = await io.load(`${folder}/a`)
  for (const rank of [0, 1, 2, 3])
    await expectSame(await create().load(`${folder}/a`, { share: { rank, count: 4 } }), all)
}

/** Begins a save on one rank and writes parts, each by a rank with an I/O of its own. */
async function writeParts(
  { create }: SharedSaveHarness,
  shared: SharedSaves,
  location: string,
  { indices = [0, 1, 2], options = {} }: { indices?: readonly number[]; options?: SaveOptions } = {},
): Promise<{ save: string; receipts: PartReceipt[] }> {
  const save = await shared.begin(location, options)
  const receipts = await Promise.all(
    indices.map(async (index) => {
      const part = { save, index, count: PARTS.length, ...(PARTS[index] as (typeof PARTS)[number]) }
      const writer = (create().shared ?? shared) as SharedSaves
      // A receipt travels as JSON.
      return JSON.parse(JSON.stringify(await writer.write(location, part))) as PartReceipt
    }),
  )
  return { save, receipts }
}

async function checkParts(
  harness: SharedSaveHarness,
  io: CheckpointIO,
  shared: SharedSaves,
  folder: string,
): Promise<void> {
  await io.save(`${folder}/whole`, { ...WHOLE, ...harness.summary(1) })
  const { receipts } = await writeParts(harness, shared, `${folder}/parts`)
  expectEqual(await io.exists(`${folder}/parts`), false, 'exists() before the save is completed')
  await shared.complete(`${folder}/parts`, harness.summary(1), receipts.toReversed())
  const expected = await io.load(`${folder}/whole`)
  await expectSame(await io.load(`${folder}/parts`), expected)
  for (const rank of [0, 1, 2, 3, 4])
    await expectSame(await io.load(`${folder}/parts`, { share: { rank, count: 5 } }), expected)
  const again = await writeParts(harness, shared, `${folder}/parts`)
  await shared.complete(`${folder}/parts`, harness.summary(2), again.receipts)
  expectEqual((await io.load(`${folder}/parts`)).facts.globalStep, 2, 'step of the save that replaced it')
}

async function checkIncomplete(
  harness: SharedSaveHarness,
  io: CheckpointIO,
  shared: SharedSaves,
  folder: string,
): Promise<void> {
  const location = `${folder}/a`
  await io.save(location, { ...WHOLE, ...harness.summary(1) })
  const other = await writeParts(harness, shared, location)
  const refused = async (receipts: readonly PartReceipt[], what: string) => {
    const complete = () => shared.complete(location, harness.summary(2), receipts)
    await expectRefusal(complete, 'LEVIN_CHECKPOINT_CORRUPT', what)
    expectEqual((await io.load(location)).facts.globalStep, 1, `step of what is there after ${what}`)
  }
  const few = await writeParts(harness, shared, location, { indices: [0, 2] })
  await refused(few.receipts, 'a save without one part')
  await refused([...few.receipts, other.receipts[1] as PartReceipt], 'a save with a part of another one')
  await refused([...other.receipts, other.receipts[1] as PartReceipt], 'a save with a part twice')
  for (const { save } of [few, other]) await shared.abandon(location, save)
}

async function checkAbandoned(
  harness: SharedSaveHarness,
  io: CheckpointIO,
  shared: SharedSaves,
  folder: string,
): Promise<void> {
  await io.save(`${folder}/a`, { ...WHOLE, ...harness.summary(1) })
  for (const location of [`${folder}/a`, `${folder}/b`]) {
    const { save } = await writeParts(harness, shared, location)
    expectEqual((await io.load(`${folder}/a`)).facts.globalStep, 1, 'step of what is there while a save goes on')
    // Who prepares, or saves something else, takes nothing from a save that goes on.
    await harness.create().prepare(folder)
    await shared.abandon(location, save)
    expectEqual((await io.load(`${folder}/a`)).facts.globalStep, 1, 'step of what is there after it was abandoned')
    await shared.abandon(location, save)
  }
  expectEqual(await io.exists(`${folder}/b`), false, 'exists() of what was abandoned')
  const { receipts } = await writeParts(harness, shared, `${folder}/b`)
  await harness.create().prepare(folder)
  await shared.complete(`${folder}/b`, harness.summary(3), receipts)
  expectEqual((await io.load(`${folder}/b`)).facts.globalStep, 3, 'step of a save that went on while others prepared')
}

async function checkKeptFromShared(
  harness: SharedSaveHarness,
  io: CheckpointIO,
  shared: SharedSaves,
  folder: string,
): Promise<void> {
  const options = { replace: false }
  const { save, receipts } = await writeParts(harness, shared, `${folder}/a`, { options })
  await io.save(`${folder}/a`, { ...WHOLE, ...harness.summary(1) })
  const complete = () => shared.complete(`${folder}/a`, harness.summary(2), receipts, options)
  await expectRefusal(complete, 'LEVIN_CHECKPOINT_EXISTS', 'complete() with replace: false where a checkpoint is')
  await shared.abandon(`${folder}/a`, save)
  const begin = () => shared.begin(`${folder}/a`, options)
  await expectRefusal(begin, 'LEVIN_CHECKPOINT_EXISTS', 'begin() with replace: false where a checkpoint is')
  expectEqual((await io.load(`${folder}/a`)).facts.globalStep, 1, 'step of what was there')
}
