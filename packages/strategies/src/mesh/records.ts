import type { Optimizer, OptimizerSlot, Parameter, StoredTensor, TensorRecord } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Holdings } from './holdings.js'

/** What a rank holds of a model, read at once: slices of what is shared, the rest whole. */
export function* heldModel({ parameters, buffers }: Holdings): Generator<TensorRecord, void, undefined> {
  for (const stored of [...parameters, ...buffers]) yield recordOf(stored.path, stored.value, stored)
}

/** The optimizer's state of what a rank holds. */
export function* heldOptimizer(
  optimizer: Optimizer,
  holdings: Holdings,
  isOwned: (parameter: Parameter) => boolean,
): Generator<TensorRecord, void, undefined> {
  for (const { parameter, slot, value } of optimizer.slots() as Iterable<OptimizerSlot>) {
    if (!holdings.has(parameter) || !isOwned(parameter)) continue
    yield recordOf(`${parameter.path}/${slot}`, value, parameter)
  }
}

/** @param like what it is a tensor of: it is divided as that is, if it has its shape */
function recordOf(name: string, value: Tensor, like: StoredTensor): TensorRecord {
  const read = value.data<'float32'>().then((data) => data.slice())
  const record: TensorRecord = { name, dtype: 'float32', shape: value.shape, data: () => read }
  const { shard, layout } = like
  const isPart = shard !== undefined && value.shape.join() === layout.shape.join()
  return isPart ? { ...record, slice: layout } : record
}
