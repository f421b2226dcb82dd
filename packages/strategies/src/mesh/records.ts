import type { Optimizer, OptimizerSlot, Parameter, StoredTensor, TensorRecord } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { TensorAccess } from '../group/tensor-access.js'
import type { Holdings } from './holdings.js'

/**
 * What a rank holds of a model: slices of what is shared, the rest whole. Values are read when they are asked for, so that saving takes
 * memory for one tensor, and nothing for those that another rank writes.
 */
export function* heldModel(
  { parameters, buffers }: Holdings,
  access: TensorAccess,
): Generator<TensorRecord, void, undefined> {
  for (const stored of [...parameters, ...buffers]) yield recordOf(stored.path, stored.value, stored, access)
}

/** The optimizer's state of what a rank holds, read as {@link heldModel} is. */
export function* heldOptimizer(
  optimizer: Optimizer,
  holdings: Holdings,
  access: TensorAccess,
  isOwned: (parameter: Parameter) => boolean,
): Generator<TensorRecord, void, undefined> {
  for (const { parameter, slot, value } of optimizer.slots() as Iterable<OptimizerSlot>) {
    if (!holdings.has(parameter) || !isOwned(parameter)) continue
    yield recordOf(`${parameter.path}/${slot}`, value, parameter, access)
  }
}

/** @param like what it is a tensor of: it is divided as that is, if it has its shape */
function recordOf(name: string, value: Tensor, like: StoredTensor, access: TensorAccess): TensorRecord {
  const record: TensorRecord = { name, dtype: 'float32', shape: value.shape, data: () => valuesOf(value, access) }
  const { shard, layout } = like
  const isPart = shard !== undefined && value.shape.join() === layout.shape.join()
  return isPart ? { ...record, slice: layout } : record
}

async function valuesOf(value: Tensor, access: TensorAccess): Promise<Float32Array> {
  const values = new Float32Array(value.size)
  await access.read(value, values)
  return values
}
