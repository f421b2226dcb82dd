import { type BatchPlace, describe } from '@levin/core'
import { type Assembly, emptied } from './assembly.js'
import { countBatches, placeOf, sliceOf } from './batch-slices.js'
import type { MapDataset } from './dataset.js'
import type { Epoch } from './epoch.js'
import { dataError } from './errors.js'
import { fillAgainIfMoved } from './fill-again.js'
import type { Places } from './places.js'
import type { BatchSampler, Sampler } from './samplers/sampler.js'
import { required } from './samples-of.js'

/** The batches of one epoch of a dataset that can be read in any order. */
export class MapBatches {
  /** Batches of the epoch on this worker. */
  readonly count: number
  private readonly indicesOf: (batch: number) => Uint32Array
  private readonly placeOf: (batch: number) => BatchPlace
  /** A sample of the epoch, for the structure of an empty batch. */
  private readonly anySample: number

  constructor(
    private readonly dataset: MapDataset<unknown>,
    private readonly assembly: Assembly,
    private readonly epoch: Epoch,
    order: Sampler | { batchSampler: BatchSampler },
    /** Absent where one worker has all. */
    private readonly places: Places | undefined,
  ) {
    const plan = 'order' in order ? sampled(dataset, order, epoch) : listed(dataset, order.batchSampler, epoch)
    this.count = plan.count
    this.indicesOf = plan.indicesOf
    this.placeOf = plan.placeOf
    this.anySample = plan.anySample
  }

  now(batch: number): unknown {
    return this.placed(this.made(batch), batch)
  }

  async later(batch: number): Promise<unknown> {
    return this.placed(await this.madeLater(batch), batch)
  }

  private placed(made: unknown, batch: number): unknown {
    return this.places ? this.places.note(made, this.placeOf(batch)) : made
  }

  private made(batch: number): unknown {
    const indices = this.indicesOf(batch)
    if (indices.length === 0) return emptied(this.readNow(Uint32Array.of(this.anySample)))
    return this.readNow(indices)
  }

  private async madeLater(batch: number): Promise<unknown> {
    const indices = this.indicesOf(batch)
    if (indices.length === 0) return emptied(await this.readLater(Uint32Array.of(this.anySample)))
    return this.readLater(indices)
  }

  private readNow(indices: Uint32Array): unknown {
    const { dataset, assembly } = this
    if (dataset.getBatch && assembly.keepsStacking) {
      const stack = dataset.getBatch.bind(dataset, indices)
      return assembly.finishNow(fillAgainIfMoved((allocate) => required(stack(allocate)), assembly.allocate))
    }
    const samples: unknown[] = []
    for (const index of indices) samples.push(required(dataset.get(index)))
    return assembly.now(samples, { ...this.epoch, indices })
  }

  private async readLater(indices: Uint32Array): Promise<unknown> {
    const { dataset, assembly } = this
    if (dataset.getBatch && assembly.keepsStacking)
      return assembly.finishLater(await dataset.getBatch(indices, assembly.allocate))
    const samples = Array.from(indices, async (index) => dataset.get(index))
    return assembly.later(samples, { ...this.epoch, indices })
  }
}

interface Plan {
  readonly count: number
  readonly anySample: number
  indicesOf(batch: number): Uint32Array
  placeOf(batch: number): BatchPlace
}

function sampled(dataset: MapDataset<unknown>, sampler: Sampler, { epoch, seed, slicing }: Epoch): Plan {
  const order = sampler.order({ length: dataset.length, epoch, seed })
  const expected = sampler.count(dataset.length)
  if (order.length !== expected) {
    throw dataError({
      message: 'The sampler contradicts itself.',
      expected: `${expected} indices, as its count() says`,
      found: `${order.length} from its order()`,
    })
  }
  const indices = checkedIndices(order, dataset.length)
  return {
    count: countBatches(indices.length, slicing),
    anySample: indices[0] as number,
    indicesOf(batch) {
      const { start, end } = sliceOf(batch, indices.length, slicing)
      return indices.subarray(start, end)
    },
    placeOf: (batch) => placeOf(batch, indices.length, slicing),
  }
}

// Each worker takes every `count`-th list: the lists of one step make up its global batch.
function listed(dataset: MapDataset<unknown>, sampler: BatchSampler, { epoch, seed, slicing }: Epoch): Plan {
  const lists = sampler.batches({ length: dataset.length, epoch, seed }).map((list) => {
    if (list.length > 0) return checkedIndices(list, dataset.length)
    throw dataError({ message: 'The batch sampler made a batch of no samples.', expected: 'at least one index' })
  })
  const first = lists[0]
  if (!first) throw dataError({ message: 'The batch sampler made no batch.', expected: 'at least one' })
  return {
    count: countBatches(lists.length, slicing),
    anySample: first[0] as number,
    indicesOf: (batch) => {
      const { start, end } = sliceOf(batch, lists.length, slicing)
      return start === end ? new Uint32Array(0) : (lists[start] as Uint32Array)
    },
    placeOf: (batch) => {
      // Counted in lists first, then in what they hold.
      const { first, total } = placeOf(batch, lists.length, slicing)
      const begin = (slicing.offset ?? 0) + batch * slicing.shard.count
      const samples = (end: number) => lists.slice(begin, begin + end).reduce((sum, { length }) => sum + length, 0)
      return { first: samples(first), total: samples(total) }
    },
  }
}

// Checked before they are put into a typed array, which would wrap what does not fit, and read another sample.
function checkedIndices(indices: ArrayLike<number>, length: number): Uint32Array {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number
    if (Number.isInteger(index) && index >= 0 && index < length) continue
    throw dataError({
      message: 'The sampler does not fit the dataset.',
      expected: `indices from 0 to ${length - 1}`,
      found: describe(index),
    })
  }
  return indices instanceof Uint32Array ? indices : Uint32Array.from(indices)
}
