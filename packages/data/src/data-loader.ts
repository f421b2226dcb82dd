import {
  type BatchPlace,
  type DataShard,
  LevinError,
  type Loader,
  type LoaderPosition,
  type Staging,
} from '@levin/core'
import { Assembly } from './assembly.js'
import { countBatches, type Slicing } from './batch-slices.js'
import type { Batched } from './batched.js'
import { BufferPool } from './buffer-pool.js'
import { type AnyOptions, checkOptions, type DataLoaderOptions, type UnbatchedOptions } from './data-loader-options.js'
import { type Dataset, isMapDataset } from './dataset.js'
import { type DatasetLike, datasetOf } from './dataset-of.js'
import type { Epoch } from './epoch.js'
import { checkCount, dataError } from './errors.js'
import { IterableBatches } from './iterable-batches.js'
import { checkPosition, makePosition, type Order, requireSameOrder, startOf } from './loader-position.js'
import { MapBatches } from './map-batches.js'
import { Places } from './places.js'
import { type AsyncSource, readAhead } from './read-ahead.js'
import { randomSampler } from './samplers/random-sampler.js'
import type { Sampler } from './samplers/sampler.js'
import { sequentialSampler } from './samplers/sequential-sampler.js'
import { checkShard } from './samplers/shard.js'

/**
 * A DataLoader yields the batches of a dataset, epoch by epoch, as host tensors in the structure of its samples.
 *
 * Iterating it gives the batches of one epoch. The order is a function of (seed, epoch): call `setEpoch` before each
 * epoch in loops of your own (the Trainer does), or every epoch has the same order. Each batch has buffers of its own.
 *
 * Where all samples are at hand without waiting (`fromArrays`, `fromSamples`), it has a synchronous iterator too, and
 * `prefetch` has nothing to do.
 *
 * @example
 * const loader = new DataLoader(fromArrays({ images, labels }), { batchSize: 64, shuffle: true })
 * for await (const { images, labels } of loader) …   // HostTensor [64, 28, 28, 1], HostTensor [64]
 *
 * @throws LEVIN_BAD_OPTION, LEVIN_DATA, LEVIN_EMPTY_LOADER
 */
export interface DataLoader<B> extends Loader<B> {
  /** There if nothing has to be waited for. */
  [Symbol.iterator]?(): Iterator<B>
  [Symbol.asyncIterator](): AsyncIterator<B>
  /** Batches per epoch on this worker. `undefined` for datasets that do not know their length. */
  readonly batchCount: number | undefined
  /** Samples per epoch over all workers. */
  readonly sampleCount: number | undefined
  readonly batchSize: number | undefined
  /** Another epoch starts at its beginning; the one that was sought keeps its position. */
  setEpoch(epoch: number): void
  /** Ignored where the options give a seed. */
  setSeed(seed: number): void
  /** @param consumed batches of this epoch that were consumed, those before a `seek` included */
  position(consumed: number): LoaderPosition
  /**
   * The samples after those that the position counts come next, in batches of the size that they have now: with another number of
   * workers, say.
   *
   * @returns index of the batch that comes first
   * @throws LEVIN_DATA, when iterated, if what is left would not be what would have come: another seed or dataset
   */
  seek(position: LoaderPosition): number
  shard(shard: DataShard): DataLoader<B>
  placeOf(batch: B): BatchPlace | undefined
  /** The buffers of such a batch are filled again. What somebody still reads must not be handed back. */
  recycle(batch: B): void
}

interface DataLoaderConstructor {
  // NoInfer: a loader is of what the dataset holds, not of what the place wants where it is handed over.
  new <S, T = S, B = T>(dataset: DatasetLike<S>, options: UnbatchedOptions<S, T, B>): DataLoader<NoInfer<B>>
  new <S, T = S, C = Batched<T>, B = C>(
    dataset: DatasetLike<S>,
    options?: DataLoaderOptions<S, T, C, B>,
  ): DataLoader<NoInfer<B>>
}

const WHOLE: DataShard = { rank: 0, count: 1 }

class BatchLoader implements DataLoader<unknown> {
  declare [Symbol.iterator]?: () => Iterator<unknown>
  private readonly dataset: Dataset<unknown>
  private readonly sampler: Sampler
  private readonly buffers = new BufferPool()
  /** The iterator that nobody has replaced. */
  private readonly ownIterator: (() => Iterator<unknown>) | undefined
  private readonly places: Places | undefined
  private epoch = 0
  private seed: number
  private sought: LoaderPosition | undefined
  /** Samples of the running epoch before its first batch: it was begun with batches of another size. */
  private offset = 0

  constructor(
    dataset: DatasetLike<unknown>,
    private readonly options: AnyOptions = {},
    private readonly part: DataShard | undefined = undefined,
  ) {
    this.dataset = datasetOf(dataset)
    checkOptions(options, this.dataset)
    this.sampler = options.sampler ?? (options.shuffle ? randomSampler() : sequentialSampler())
    this.seed = options.seed ?? 0
    this.places = part && part.count > 1 ? new Places() : undefined
    this.checkNotEmpty()
    const plain = !options.transform && !options.collate && !options.transformBatch
    if (this.dataset.synchronous && (plain || options.synchronous)) {
      this.ownIterator = () => this.iterateNow()
      this[Symbol.iterator] = this.ownIterator
    }
  }

  get batchSize(): number | undefined {
    return this.options.batchSampler
      ? undefined
      : (this.options.batchSize ?? (this.options.batchSize === null ? undefined : 1))
  }

  get batchCount(): number | undefined {
    const units = this.units
    return units === undefined ? undefined : countBatches(units, this.slicing)
  }

  get sampleCount(): number | undefined {
    if (!isMapDataset(this.dataset)) return this.dataset.sampleCount
    return this.options.batchSampler ? undefined : this.sampler.count(this.dataset.length)
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this[Symbol.iterator]) return asAsync(this.iterateNow())
    return readAhead(this.source(this.begin()), this.options.prefetch ?? 2)
  }

  iterateStaged(staging: Staging): Iterator<unknown> | undefined {
    const { collate, transformBatch, batchSize } = this.options
    // Functions of the user's may keep the batches that they see or make; an iterator of theirs changes them.
    const seen = collate || transformBatch || batchSize === null || this[Symbol.iterator] !== this.ownIterator
    if (seen || !this.ownIterator) return undefined
    return this.iterateNow((shape, dtype) => staging(shape, dtype) ?? this.buffers.allocate(shape, dtype))
  }

  setEpoch(epoch: number): void {
    checkCount(epoch, 'The epoch of DataLoader.setEpoch()', 0)
    if (this.sought && this.sought.epoch !== epoch) this.sought = undefined
    if (this.epoch !== epoch) this.offset = 0
    this.epoch = epoch
  }

  recycle(batch: unknown): void {
    // A function of the user may have kept what it was given.
    if (!this.options.transformBatch) this.buffers.recycle(batch)
  }

  placeOf(batch: unknown): BatchPlace | undefined {
    return this.places?.of(batch)
  }

  setSeed(seed: number): void {
    this.seed = this.options.seed ?? seed
  }

  position(consumed: number): LoaderPosition {
    const batch = checkCount(consumed, 'The number of consumed batches', 0)
    const offset = this.sought ? startOf(this.sought, this.order).offset : this.offset
    return makePosition(this.epoch, batch, this.order, offset)
  }

  seek(position: LoaderPosition): number {
    checkPosition(position)
    this.epoch = position.epoch
    this.sought = position
    return startOf(position, this.order).batch
  }

  shard(shard: DataShard): DataLoader<unknown> {
    checkShard(shard)
    if (this.part || this.sampler.sharded) {
      throw dataError({
        message: 'The loader reads one part of the data already, so it cannot be divided again.',
        remedy: this.part ? 'Call shard() on the loader of the whole.' : 'Leave out the distributed sampler.',
      })
    }
    const part = new BatchLoader(this.dataset, this.options, shard)
    part.epoch = this.epoch
    part.seed = this.seed
    part.sought = this.sought
    part.offset = this.offset
    return part
  }

  /** What is divided into global batches: samples, or the lists of a batch sampler. */
  private get units(): number | undefined {
    const { batchSampler } = this.options
    if (!isMapDataset(this.dataset)) return this.dataset.sampleCount
    return batchSampler ? batchSampler.count?.(this.dataset.length) : this.sampler.count(this.dataset.length)
  }

  private get slicing(): Slicing {
    const { batchSize, dropLast = false } = this.options
    return { batchSize: this.options.batchSampler ? 1 : (batchSize ?? 1), dropLast, shard: this.part ?? WHOLE }
  }

  private get order(): Order {
    const { shuffle, sampler, batchSampler } = this.options
    const { batchSize, shard } = this.slicing
    const seeded = shuffle === true || sampler !== undefined || batchSampler !== undefined
    return { globalBatch: batchSize * shard.count, units: this.units, seed: seeded ? this.seed : undefined }
  }

  /** One iteration takes what was sought; the next one starts at the beginning again. */
  private begin(): Epoch {
    if (this.sought) requireSameOrder(this.sought, this.order)
    const { batch, offset } = this.sought ? startOf(this.sought, this.order) : { batch: 0, offset: 0 }
    this.sought = undefined
    this.offset = offset
    return { epoch: this.epoch, seed: this.seed, start: batch, slicing: { ...this.slicing, offset } }
  }

  private iterateNow(allocate = this.buffers.allocate): Iterator<unknown> {
    const epoch = this.begin()
    const assembly = new Assembly(this.options, this.dataset, allocate)
    if (!isMapDataset(this.dataset)) return new IterableBatches(this.dataset, assembly, epoch, this.places).now()
    const batches = this.mapBatches(epoch, assembly)
    let batch = epoch.start
    return {
      next: () =>
        batch < batches.count ? { done: false, value: batches.now(batch++) } : { done: true, value: undefined },
      return: () => {
        batch = batches.count
        return { done: true, value: undefined }
      },
    }
  }

  private source(epoch: Epoch): AsyncSource {
    const assembly = new Assembly(this.options, this.dataset, this.buffers.allocate)
    if (!isMapDataset(this.dataset)) {
      const batches = new IterableBatches(this.dataset, assembly, epoch, this.places).later()
      return { start: () => batches.next(), close: async () => void (await batches.return(undefined)) }
    }
    const batches = this.mapBatches(epoch, assembly)
    let batch = epoch.start
    return {
      start: () =>
        batch < batches.count ? batches.later(batch++).then((value) => ({ done: false, value })) : undefined,
      close: () => {},
    }
  }

  private mapBatches(epoch: Epoch, assembly: Assembly): MapBatches {
    const { batchSampler } = this.options
    if (!isMapDataset(this.dataset)) throw new TypeError('The dataset cannot be indexed.')
    return new MapBatches(this.dataset, assembly, epoch, batchSampler ? { batchSampler } : this.sampler, this.places)
  }

  private checkNotEmpty(): void {
    if (isMapDataset(this.dataset) && this.dataset.length === 0) {
      throw new LevinError('LEVIN_EMPTY_LOADER', {
        message: 'The dataset of a DataLoader has no samples.',
        remedy: 'Check where it comes from: a split with a fraction of 0, a filter that nothing passes, an empty file.',
      })
    }
    const { units, slicing } = this
    const everyone = { ...slicing, shard: { ...slicing.shard, even: true } }
    if (units === undefined || countBatches(units, everyone) > 0) return
    throw new LevinError('LEVIN_EMPTY_LOADER', {
      message: 'The DataLoader would yield no batch: dropLast leaves out the only one, which is not full.',
      expected: `at least ${slicing.batchSize * slicing.shard.count} samples for a full batch over all workers`,
      found: `${units}`,
      remedy: 'Reduce batchSize, or leave out dropLast.',
    })
  }
}

function asAsync(iterator: Iterator<unknown>): AsyncIterator<unknown> {
  return {
    next: async () => iterator.next(),
    return: async () => iterator.return?.() ?? { done: true, value: undefined },
  }
}

// The types of batches follow from the dataset and the functions given; inside they are unknown.
export const DataLoader = BatchLoader as unknown as DataLoaderConstructor
