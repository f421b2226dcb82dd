import type { CheckpointContent, CheckpointIO, NumericData, TensorRecord } from '@levin/core'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectRefusal, expectTrue } from './expectations.js'
import { sharedSaveChecks } from './shared-save-cases.js'

export interface CheckpointIOHarness extends KnownFailures {
  /** One object, or several of the same storage: what one saves, another one loads. */
  create(): CheckpointIO
  /** A folder (or key prefix) that no other case has. */
  folder(): string | Promise<string>
}

/** Everything that the Trainer relies on in a checkpoint I/O. */
export function checkpointIOCases(harness: CheckpointIOHarness): ConformanceCase[] {
  const within = (body: (io: CheckpointIO, folder: string) => unknown) => async () => {
    await body(harness.create(), await harness.folder())
  }
  return conformanceCases(
    {
      'gives back every tensor bit for bit, with name, shape and dtype': within((io, folder) =>
        checkTensors(harness, io, folder),
      ),
      'gives back the trainer’s JSON and the facts': within(checkFacts),
      'takes streams of tensors': within(checkStreams),
      'knows checkpoints of weights only': within(checkWeightsOnly),
      'replaces a checkpoint only by a whole one': within(checkReplace),
      'leaves nothing behind when a first save fails': within(checkFailedSave),
      'keeps what is there, where it is told to, also from several at once': within((io, folder) =>
        checkKept(harness, io, folder),
      ),
      'refuses a place where nothing is': within(checkNotFound),
      'removes, also what is not there': within(checkRemove),
      'points at a checkpoint by name, and elsewhere later': within(checkPointer),
      'prepares a folder, twice': within(checkPrepare),
      'saves several checkpoints at once': within(checkConcurrent),
      ...Object.fromEntries(
        Object.entries(sharedSaveChecks).map(([name, check]) => [
          name,
          within((io, folder) => check({ create: harness.create, summary }, io, folder)),
        ]),
      ),
    },
    harness,
  )
}

interface Part {
  readonly name: string
  readonly data: NumericData
  readonly shape: readonly number[]
}

const record = ({ name, data, shape }: Part): TensorRecord => ({
  name,
  dtype: data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool',
  shape,
  data: () => data,
})

const PARTS: readonly Part[] = [
  { name: 'net.0.weight', data: Float32Array.of(1, -0, 0.1, Number.NaN, Infinity, -Infinity), shape: [2, 3] },
  { name: 'net.0.bias', data: Float32Array.of(1e-45, 3.4e38), shape: [2] },
  { name: 'scale', data: Float32Array.of(7), shape: [] },
  { name: 'nothing', data: new Float32Array(0), shape: [0, 4] },
  { name: 'count', data: Int32Array.of(-2_147_483_648, 2_147_483_647), shape: [2] },
  { name: 'mask', data: Uint8Array.of(1, 0, 1), shape: [3] },
]

const contentOf = (model: readonly Part[], step = 3): CheckpointContent => ({
  model: model.map(record),
  optimizer: [record({ name: '0/net.0.weight/momentum', data: Float32Array.of(1, 2), shape: [2] })],
  ...summary(step),
})

const summary = (step: number): Pick<CheckpointContent, 'trainer' | 'manifest'> => ({
  trainer: { clock: { globalStep: step, epoch: 1 }, callbacks: { 'größe / µ': { best: null, scores: [0.1, 2e-9] } } },
  manifest: {
    globalStep: step,
    epoch: 1,
    weightsOnly: false,
    module: 'Conformance',
    hparams: { learningRate: 1e-3, sizes: [1, 2] },
    mesh: {},
    kernelFingerprint: 'test',
    runtime: 'test',
  },
})

async function checkTensors(harness: CheckpointIOHarness, io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, contentOf(PARTS))
  for (const reader of [io, harness.create()]) {
    const { model, optimizer } = await reader.load(`${folder}/a`)
    expectEqual([...model.keys()].sort(), PARTS.map(({ name }) => name).sort(), 'names')
    for (const part of PARTS) await expectTensor(model.get(part.name), record(part))
    expectEqual([...(optimizer?.keys() ?? [])], ['0/net.0.weight/momentum'], 'names of optimizer state')
  }
}

async function expectTensor(found: TensorRecord | undefined, expected: TensorRecord): Promise<void> {
  expectTrue(found !== undefined, `'${expected.name}' was not loaded.`)
  expectEqual(
    [found.dtype, ...found.shape],
    [expected.dtype, ...expected.shape],
    `dtype and shape of '${expected.name}'`,
  )
  const data = await found.data()
  const wanted = await expected.data()
  expectEqual(data.constructor.name, wanted.constructor.name, `array type of '${expected.name}'`)
  expectEqual([...data], [...wanted], `values of '${expected.name}'`)
  expectEqual([...(await found.data())], [...wanted], `values of '${expected.name}', read twice`)
}

async function checkFacts(io: CheckpointIO, folder: string): Promise<void> {
  const content = contentOf(PARTS)
  await io.save(`${folder}/a`, content)
  const stored = await io.load(`${folder}/a`)
  expectEqual(stored.trainer, content.trainer, 'trainer')
  expectEqual({ ...stored.facts }, { ...content.manifest }, 'facts')
  expectTrue(stored.location.length > 0, 'A stored checkpoint must say where it is.')
}

async function checkKept(harness: CheckpointIOHarness, io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, contentOf(PARTS, 1))
  const again = () => io.save(`${folder}/a`, contentOf(PARTS, 2), { replace: false })
  await expectRefusal(again, 'LEVIN_CHECKPOINT_EXISTS', 'a save with replace: false where a checkpoint is')
  expectEqual((await io.load(`${folder}/a`)).facts.globalStep, 1, 'globalStep of what was there')
  const savers = [io, harness.create(), harness.create()]
  const saves = savers.map((saver, step) => saver.save(`${folder}/b`, contentOf(PARTS, step), { replace: false }))
  const settled = await Promise.allSettled(saves)
  const winners = settled.flatMap(({ status }, step) => (status === 'fulfilled' ? [step] : []))
  expectEqual(winners.length, 1, 'saves of several to one place with replace: false that got it')
  expectEqual((await io.load(`${folder}/b`)).facts.globalStep, winners[0], 'globalStep of the one that got it')
}

async function checkStreams(io: CheckpointIO, folder: string): Promise<void> {
  async function* stream() {
    for (const part of PARTS) {
      await Promise.resolve()
      yield { ...record(part), data: async () => part.data }
    }
  }
  await io.save(`${folder}/a`, { ...contentOf([]), model: stream() })
  const { model } = await io.load(`${folder}/a`)
  for (const part of PARTS) await expectTensor(model.get(part.name), record(part))
}

async function checkWeightsOnly(io: CheckpointIO, folder: string): Promise<void> {
  const { optimizer: _left, ...content } = contentOf(PARTS)
  await io.save(`${folder}/a`, { ...content, trainer: {}, manifest: { ...content.manifest, weightsOnly: true } })
  const stored = await io.load(`${folder}/a`)
  expectEqual(stored.optimizer, undefined, 'optimizer state')
  expectEqual(stored.facts.weightsOnly, true, 'weightsOnly')
}

async function* failing(): AsyncIterable<TensorRecord> {
  yield record(PARTS[0] as Part)
  throw new Error('the device went away')
}

const attempt = (saving: Promise<void>): Promise<boolean> =>
  saving.then(
    () => true,
    () => false,
  )

async function checkReplace(io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, contentOf(PARTS, 1))
  const done = await attempt(io.save(`${folder}/a`, { ...contentOf([], 2), model: failing() }))
  expectEqual(done, false, 'whether a save went well whose tensors could not be read')
  expectEqual((await io.load(`${folder}/a`)).facts.globalStep, 1, 'step of what is there after a save that failed')
  await io.save(`${folder}/a`, contentOf(PARTS.slice(0, 2), 5))
  const stored = await io.load(`${folder}/a`)
  expectEqual([stored.facts.globalStep, stored.model.size], [5, 2], 'step and tensors after a second save')
}

async function checkFailedSave(io: CheckpointIO, folder: string): Promise<void> {
  await attempt(io.save(`${folder}/a`, { ...contentOf([]), model: failing() }))
  expectEqual(await io.exists(`${folder}/a`), false, 'exists() after a save that failed')
  await expectRefusal(() => io.load(`${folder}/a`), 'LEVIN_CHECKPOINT_NOT_FOUND', 'load() after a save that failed')
}

async function checkNotFound(io: CheckpointIO, folder: string): Promise<void> {
  expectEqual(await io.exists(`${folder}/nowhere`), false, 'exists()')
  const error = await expectRefusal(() => io.load(`${folder}/nowhere`), 'LEVIN_CHECKPOINT_NOT_FOUND', 'load()')
  expectTrue(error.message.includes('nowhere'), `The error does not name the place: ${error.message}`)
  expectEqual(await io.resolve(folder, 'last'), undefined, 'resolve() of a pointer that is not there')
}

async function checkRemove(io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, contentOf(PARTS))
  await io.save(`${folder}/ab`, contentOf(PARTS))
  expectEqual(await io.exists(`${folder}/a`), true, 'exists() after save')
  await io.remove(`${folder}/a`)
  expectEqual(
    [await io.exists(`${folder}/a`), await io.exists(`${folder}/ab`)],
    [false, true],
    'what is there after remove()',
  )
  await io.remove(`${folder}/a`)
}

async function checkPointer(io: CheckpointIO, folder: string): Promise<void> {
  await io.save(`${folder}/a`, contentOf(PARTS, 1))
  await io.save(`${folder}/b`, contentOf(PARTS, 2))
  await io.point(folder, 'last', `${folder}/a`)
  expectEqual(
    (await io.load((await io.resolve(folder, 'last')) as string)).facts.globalStep,
    1,
    'step behind the pointer',
  )
  await io.point(folder, 'last', `${folder}/b`)
  expectEqual(
    (await io.load((await io.resolve(folder, 'last')) as string)).facts.globalStep,
    2,
    'step behind the moved pointer',
  )
}

async function checkPrepare(io: CheckpointIO, folder: string): Promise<void> {
  await io.prepare(folder)
  await io.save(`${folder}/a`, contentOf(PARTS))
  await io.prepare(folder)
  expectEqual(await io.exists(`${folder}/a`), true, 'exists() after a second prepare()')
}

async function checkConcurrent(io: CheckpointIO, folder: string): Promise<void> {
  await Promise.all([1, 2, 3].map((step) => io.save(`${folder}/${step}`, contentOf(PARTS, step))))
  for (const step of [1, 2, 3]) expectEqual((await io.load(`${folder}/${step}`)).facts.globalStep, step, 'step')
}
