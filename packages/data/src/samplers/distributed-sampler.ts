import type { DataShard } from '@levin/core'
import { countBatches, type Slicing, sliceOf } from '../batch-slices.js'
import { checkCount } from '../errors.js'
import { randomSampler } from './random-sampler.js'
import type { Sampler } from './sampler.js'
import { sequentialSampler } from './sequential-sampler.js'
import { checkShard } from './shard.js'

export interface DistributedSamplerOptions extends DataShard {
  /** The loader's batch size, per worker: the order is divided batch by batch. */
  readonly batchSize: number
  /** Leave out the last global batch if it is not full. Default `false`. */
  readonly dropLast?: boolean
  /** Another order in each epoch, the same on all workers. Default `false`. */
  readonly shuffle?: boolean
  /** The order to divide, instead of `shuffle`. */
  readonly sampler?: Sampler
}

/**
 * One worker's part of a global order, for loops of your own. The Trainer does without: it calls `loader.shard()`.
 *
 * Worker r takes its contiguous part of each global batch, so that the order over all workers is the order of one device
 * with the global batch size. Every sample comes once; the last global batch is divided as evenly as it goes.
 */
export function distributedSampler(options: DistributedSamplerOptions): Sampler {
  const { rank, count, batchSize, dropLast = false, shuffle = false } = options
  checkShard({ rank, count })
  checkCount(batchSize, 'The option batchSize of distributedSampler()')
  const inner = options.sampler ?? (shuffle ? randomSampler() : sequentialSampler())
  const slicing: Slicing = { batchSize, dropLast, shard: { rank, count } }
  return {
    sharded: true,
    count: (length) => slices(inner.count(length), slicing).reduce((sum, { start, end }) => sum + end - start, 0),
    order(context) {
      const order = inner.order(context)
      return slices(order.length, slicing).flatMap(({ start, end }) => Array.prototype.slice.call(order, start, end))
    },
  }
}

const slices = (total: number, slicing: Slicing) =>
  Array.from({ length: countBatches(total, slicing) }, (_, batch) => sliceOf(batch, total, slicing))
