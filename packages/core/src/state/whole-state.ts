import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { TensorRecord } from '../contracts/checkpoint-io.js'
import type { NumericData } from '../contracts/host-tensor.js'
import type { Optimizer, OptimizerSlot, OptimizerState } from '../contracts/optimizer.js'
import { LevinError } from '../errors.js'
import type { Module } from '../module.js'
import type { Parameter } from '../parameter.js'
import { eachRun, type SliceLayout } from '../rng/index.js'
import type { Shard, StoredTensor } from '../stored-tensor.js'

/** A module's parameters and buffers as records, each read to the host when its turn comes. */
export function* wholeModel(module: Module): Iterable<TensorRecord> {
  for (const stored of storedTensors(module)) yield snapshot(stored.path, stored.value)
}

/** An optimizer's slots as `<path>/<slot>`. */
export function* wholeOptimizer(optimizer: Optimizer): Iterable<TensorRecord> {
  for (const { parameter, slot, value } of optimizer.slots()) yield snapshot(`${parameter.path}/${slot}`, value)
}

// The read begins at once, so that it sees the values of this moment; the copy guards against backends that hand out their own array.
function snapshot(name: string, value: Tensor): TensorRecord {
  const read = value.data<'float32'>().then((data) => data.slice())
  return { name, dtype: 'float32', shape: value.shape, data: () => read }
}

/**
 * Puts values into a module, whole or the part that each tensor holds here. Everything is checked before anything is changed.
 *
 * @param options.strict a missing or unknown name is an error; otherwise what is there is taken
 * @param options.holds whether this rank has any of a tensor. Default: of all. The others' names are checked all the same.
 * @throws LEVIN_CHECKPOINT_MISMATCH naming the tensors
 */
export async function loadWholeModel(
  module: Module,
  records: ReadonlyMap<string, TensorRecord>,
  { strict, holds = () => true }: { strict: boolean; holds?: (stored: StoredTensor) => boolean },
): Promise<void> {
  const targets = new Map(storedTensors(module).map((stored) => [stored.path, stored]))
  if (strict) requireSameNames('model', [...targets.keys()], [...records.keys()])
  const loaded: [StoredTensor, Tensor][] = []
  try {
    for (const [path, target] of targets) {
      const record = records.get(path)
      if (!record) continue
      requireSameShape(record, target.shape)
      if (!holds(target)) continue
      loaded.push([target, await partOf(record, target, target.shard)])
    }
  } catch (error) {
    for (const [, value] of loaded) value.dispose()
    throw error
  }
  for (const [target, value] of loaded) target.assign(value)
}

/** Puts an optimizer's state back, of the part of each parameter that is held here. Checked before anything is changed. */
export async function loadWholeOptimizer(
  optimizer: Optimizer,
  state: OptimizerState,
  records: ReadonlyMap<string, TensorRecord>,
): Promise<void> {
  optimizer.load(state, await readOptimizerSlots(optimizer, records, ({ shard }) => shard))
}

/**
 * The slots of a checkpoint as an optimizer needs them that holds parts: `shardOf` each parameter. What has not the shape of the
 * parameter is read whole. Hand them to `optimizer.load`, which owns them then.
 *
 * @throws LEVIN_CHECKPOINT_MISMATCH for state of parameters that the optimizer does not train
 */
export async function readOptimizerSlots(
  optimizer: Optimizer,
  records: ReadonlyMap<string, TensorRecord>,
  shardOf: (parameter: Parameter) => Shard | undefined,
): Promise<OptimizerSlot[]> {
  const parameters = new Map(
    optimizer.groups.flatMap((group) => group.parameters.map((parameter) => [parameter.path, parameter])),
  )
  const slots: OptimizerSlot[] = []
  try {
    for (const [name, record] of records) {
      const cut = name.lastIndexOf('/')
      const parameter = parameters.get(name.slice(0, cut))
      if (!parameter) throw unknownParameter(name.slice(0, cut))
      const shard = sameShape(record.shape, parameter.shape) ? shardOf(parameter) : undefined
      slots.push({ parameter, slot: name.slice(cut + 1), value: await partOf(record, parameter, shard) })
    }
  } catch (error) {
    for (const { value } of slots) value.dispose()
    throw error
  }
  return slots
}

const unknownParameter = (path: string): LevinError =>
  mismatch(`The checkpoint holds optimizer state for '${path}', which the optimizer does not train.`)

const storedTensors = (module: Module): StoredTensor[] => [...module.parameters(), ...module.buffers()]

async function toTensor(record: TensorRecord): Promise<Tensor> {
  return tensor(await record.data(), [...record.shape], record.dtype)
}

/** A part of a record, read without the rest where the record can. */
async function partOf(record: TensorRecord, { shape, size }: StoredTensor, shard: Shard | undefined): Promise<Tensor> {
  if (!shard) return toTensor(record)
  const layout = { ...shard, globalShape: shard.flat ? [size] : shape }
  return tensor(await valuesOf(record, layout), [...shard.shape], record.dtype)
}

/** One read from the first element of the part to its last: a part of columns reads what lies between them too. */
async function valuesOf(record: TensorRecord, layout: SliceLayout): Promise<NumericData> {
  const size = layout.shape.reduce((product, length) => product * length, 1)
  const runs: (readonly [index: number, place: number, length: number])[] = []
  eachRun(layout, size, (...run) => runs.push(run))
  const last = runs.at(-1)
  if (!last) return new Float32Array(0)
  const first = runs[0]?.[0] ?? 0
  const count = last[0] + last[2] - first
  const found = record.range ? await record.range(first, count) : (await record.data()).subarray(first, first + count)
  if (runs.length === 1) return found
  const part = new Float32Array(size)
  for (const [index, place, length] of runs) part.set(found.subarray(index - first, index - first + length), place)
  return part
}

function requireSameNames(what: string, expected: readonly string[], found: readonly string[]): void {
  const missing = expected.filter((name) => !found.includes(name))
  const unknown = found.filter((name) => !expected.includes(name))
  if (!missing.length && !unknown.length) return
  const list = (names: readonly string[]) =>
    names.slice(0, 5).join(', ') + (names.length > 5 ? `, and ${names.length - 5} more` : '')
  const parts = [
    missing.length && `it lacks ${list(missing)}`,
    unknown.length && `it has ${list(unknown)}, which the ${what} lacks`,
  ]
  throw mismatch(`The checkpoint is of another ${what}: ${parts.filter(Boolean).join('; ')}.`)
}

const sameShape = (shape: readonly number[], expected: readonly number[]): boolean =>
  shape.length === expected.length && shape.every((size, axis) => size === expected[axis])

function requireSameShape({ name, shape }: TensorRecord, expected: readonly number[]): void {
  if (sameShape(shape, expected)) return
  throw new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
    message: `'${name}' has shape [${shape.join(', ')}] in the checkpoint and [${expected.join(', ')}] in the model.`,
    remedy: 'Load it into the module that it was saved from, made with the same hyper-parameters.',
  })
}

const mismatch = (message: string): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
    message,
    remedy:
      'Load it into the module that it was saved from; loadModule(…, { strict: false }) takes the names that fit.',
  })
