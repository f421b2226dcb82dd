import type { Module, Optimizer, OptimizerSlot, Shard, StoredTensor, TensorRecord } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Place, Places } from './places.js'
import type { Workplace } from './zero-strategy.js'

/** A model of which every rank holds all: rank 0 reads it at once, as a snapshot; the records of the others cost nothing. */
export function* modelRecords(
  module: Module,
  { rank, ranks }: Workplace,
  inParts: boolean,
): Generator<TensorRecord, void, undefined> {
  for (const parameter of module.parameters()) {
    if (inParts && ranks > 1) yield stretchOf(parameter, evenShard(parameter, rank, ranks))
    else yield whole(parameter.path, parameter.value, rank === 0)
  }
  for (const buffer of module.buffers()) yield whole(buffer.path, buffer.value, inParts || rank === 0)
}

/** A model whose parameters are parts: as they are, or gathered one after the other for rank 0. */
export async function* partialModelRecords(
  module: Module,
  places: Places,
  workplace: Workplace,
  inParts: boolean,
): AsyncGenerator<TensorRecord, void, undefined> {
  for (const parameter of module.parameters()) {
    const { path, value, shape } = parameter
    const at = places.of(parameter)
    if (!at || workplace.ranks === 1) yield whole(path, value, workplace.rank === 0)
    else yield* partRecords(path, value, shape, at, workplace, inParts)
  }
  for (const buffer of module.buffers()) yield whole(buffer.path, buffer.value, inParts || workplace.rank === 0)
}

/** An optimizer's state, which is as its parameters' parts are. */
export async function* optimizerRecords(
  optimizer: Optimizer,
  places: Places,
  workplace: Workplace,
  inParts: boolean,
): AsyncGenerator<TensorRecord, void, undefined> {
  for (const { parameter, slot, value } of optimizer.slots() as Iterable<OptimizerSlot>) {
    const name = `${parameter.path}/${slot}`
    const at = places.of(parameter)
    if (!at || workplace.ranks === 1) yield whole(name, value, workplace.rank === 0)
    else yield* partRecords(name, value, parameter.shape, at, workplace, inParts)
  }
}

async function* partRecords(
  name: string,
  value: Tensor,
  shape: readonly number[],
  place: Place,
  workplace: Workplace,
  inParts: boolean,
): AsyncGenerator<TensorRecord, void, undefined> {
  const { line, index } = place
  const shard = line.shard(index, workplace.rank)
  if (!inParts) yield* gathered(name, value, shape, place, workplace)
  else if (!shard) yield snapshot(name, value)
  else if (line.even) yield { ...snapshot(name, value), slice: stretch(shard, shape), wholeShape: shape }
}

/** The whole on rank 0. The other ranks take part, and yield nothing. */
function* gathered(
  name: string,
  value: Tensor,
  shape: readonly number[],
  { line, index }: Place,
  { access, transfer, rank }: Workplace,
): Generator<TensorRecord, void, undefined> {
  const values = transfer.gatherOne(line, index, access.values(value))
  if (rank === 0) yield { name, dtype: 'float32', shape, data: () => values }
}

/** The part that a rank saves of what all ranks hold. */
function evenShard({ size }: StoredTensor, rank: number, ranks: number): Shard {
  const [start, end] = [rank, rank + 1].map((each) => Math.floor((each * size) / ranks)) as [number, number]
  return { start: [start], shape: [end - start], flat: true }
}

function stretchOf({ path, value, shape }: StoredTensor, shard: Shard): TensorRecord {
  const [start, count] = [shard.start[0] as number, shard.shape[0] as number]
  const read = value.data<'float32'>().then((data) => data.slice(start, start + count))
  return {
    name: path,
    dtype: 'float32',
    shape: shard.shape,
    slice: stretch(shard, shape),
    wholeShape: shape,
    data: () => read,
  }
}

const stretch = ({ start, shape }: Shard, whole: readonly number[]) => ({
  globalShape: [whole.reduce((product, size) => product * size, 1)],
  start,
  shape,
})

/** @param isSaved whether anybody may save it from here; otherwise it is read when it is asked for */
const whole = (name: string, value: Tensor, isSaved: boolean): TensorRecord =>
  isSaved ? snapshot(name, value) : { name, dtype: 'float32', shape: value.shape, data: () => copyOf(value) }

/** Read at once, so that training may go on. */
function snapshot(name: string, value: Tensor): TensorRecord {
  const read = copyOf(value)
  return { name, dtype: 'float32', shape: value.shape, data: () => read }
}

const copyOf = async (value: Tensor): Promise<Float32Array> => (await value.data<'float32'>()).slice()
