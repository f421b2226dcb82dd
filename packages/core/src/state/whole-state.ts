import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { TensorRecord } from '../contracts/checkpoint-io.js'
import type { Optimizer, OptimizerSlot, OptimizerState } from '../contracts/optimizer.js'
import { LevinError } from '../errors.js'
import type { Module } from '../module.js'
import type { StoredTensor } from '../stored-tensor.js'

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
 * Puts values into a module. Everything is checked before anything is changed.
 *
 * @param options.strict a missing or unknown name is an error; otherwise what is there is taken
 * @throws LEVIN_CHECKPOINT_MISMATCH naming the tensors
 */
export async function loadWholeModel(
  module: Module,
  records: ReadonlyMap<string, TensorRecord>,
  { strict }: { strict: boolean },
): Promise<void> {
  const targets = new Map(storedTensors(module).map((stored) => [stored.path, stored]))
  if (strict) requireSameNames('model', [...targets.keys()], [...records.keys()])
  const loaded: [StoredTensor, Tensor][] = []
  try {
    for (const [path, target] of targets) {
      const record = records.get(path)
      if (!record) continue
      requireSameShape(record, target.layout.shape)
      loaded.push([target, await toTensor(record)])
    }
  } catch (error) {
    for (const [, value] of loaded) value.dispose()
    throw error
  }
  for (const [target, value] of loaded) target.assign(value)
}

/** Puts an optimizer's state back, checked before anything is changed. */
export async function loadWholeOptimizer(
  optimizer: Optimizer,
  state: OptimizerState,
  records: ReadonlyMap<string, TensorRecord>,
): Promise<void> {
  const parameters = new Map(
    optimizer.groups.flatMap((group) => group.parameters.map((parameter) => [parameter.path, parameter])),
  )
  const slots: OptimizerSlot[] = []
  try {
    for (const [name, record] of records) {
      const cut = name.lastIndexOf('/')
      const parameter = parameters.get(name.slice(0, cut))
      if (!parameter) throw unknownParameter(name.slice(0, cut))
      slots.push({ parameter, slot: name.slice(cut + 1), value: await toTensor(record) })
    }
  } catch (error) {
    for (const { value } of slots) value.dispose()
    throw error
  }
  optimizer.load(state, slots)
}

const unknownParameter = (path: string): LevinError =>
  mismatch(`The checkpoint holds optimizer state for '${path}', which the optimizer does not train.`)

const storedTensors = (module: Module): StoredTensor[] => [...module.parameters(), ...module.buffers()]

async function toTensor(record: TensorRecord): Promise<Tensor> {
  return tensor(await record.data(), [...record.shape], record.dtype)
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

function requireSameShape({ name, shape }: TensorRecord, expected: readonly number[]): void {
  if (shape.length === expected.length && shape.every((size, axis) => size === expected[axis])) return
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
