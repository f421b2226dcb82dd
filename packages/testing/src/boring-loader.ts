import { type BatchPlace, type DataShard, type HostTensor, hostTensor, type Loader } from '@levin/core'
import type { Rank } from '@tensorflow/tfjs-core'

export interface BoringLoaderOptions {
  /** Global batches per epoch. Default 4. */
  readonly batches?: number
  /** Samples per global batch. Default 4. */
  readonly batchSize?: number
  /** Samples of the last one. Default: as the others. */
  readonly lastBatchSize?: number
  /** Default 8. */
  readonly features?: number
}

/**
 * Data for `BoringModule` as a loader that knows its length and can be divided over workers: each takes a contiguous part
 * of every global batch. The numbers are the same in every epoch.
 */
export class BoringLoader implements Loader<{ x: HostTensor<Rank.R2> }> {
  readonly batchCount: number
  readonly #options: Required<BoringLoaderOptions>
  readonly #shard: DataShard
  readonly #places = new WeakMap<object, BatchPlace>()

  constructor(options: BoringLoaderOptions = {}, shard: DataShard = { rank: 0, count: 1 }) {
    const { batches = 4, batchSize = 4, features = 8, lastBatchSize = batchSize } = options
    this.#options = { batches, batchSize, features, lastBatchSize }
    this.#shard = shard
    this.batchCount = batches
  }

  *[Symbol.iterator](): Iterator<{ x: HostTensor<Rank.R2> }> {
    const { batches, batchSize, features, lastBatchSize } = this.#options
    const { rank, count } = this.#shard
    for (let batch = 0; batch < batches; batch++) {
      const samples = batch === batches - 1 ? lastBatchSize : batchSize
      const first = Math.floor((rank * samples) / count)
      const end = Math.floor(((rank + 1) * samples) / count)
      const start = (batch * batchSize + first) * features
      const values = Float32Array.from({ length: (end - first) * features }, (_, i) => Math.sin(1 + start + i))
      const made = { x: hostTensor<Rank.R2>(values, [end - first, features]) }
      this.#places.set(made, { first, total: samples })
      yield made
    }
  }

  placeOf(batch: object): BatchPlace | undefined {
    return this.#places.get(batch)
  }

  shard(shard: DataShard): BoringLoader {
    return new BoringLoader(this.#options, shard)
  }
}
