import type { Module, Optimizer, RankDescription, TensorRecord } from '@levin/core'
import { wholeModel, wholeOptimizer } from '@levin/core'
import { DataParallel } from '../../src/ddp/data-parallel.js'

/**
 * Data parallelism that saves parts: of each tensor with several elements every rank yields a stretch, as where it held no more
 * of it; the others, and all buffers, every rank yields whole, since all hold them alike.
 */
export class SlicingDdp extends DataParallel {
  readonly savesParts = true

  override modelState(module: Module): Iterable<TensorRecord> {
    return Array.from(wholeModel(module), (record) => stretchOf(record, this.rank))
  }

  override *optimizerState(optimizer: Optimizer): Iterable<TensorRecord> {
    for (const record of wholeOptimizer(optimizer)) yield stretchOf(record, this.rank)
  }
}

function stretchOf(record: TensorRecord, { globalRank, worldSize }: RankDescription): TensorRecord {
  const size = record.shape.reduce((product, length) => product * length, 1)
  if (size <= 2) return record
  const [start, end] = [globalRank, globalRank + 1].map((rank) => Math.floor((rank * size) / worldSize)) as [
    number,
    number,
  ]
  const shape = [end - start]
  return {
    ...record,
    shape,
    slice: { globalShape: [size], start: [start], shape },
    wholeShape: record.shape,
    data: async () => (await record.data()).slice(start, end),
  }
}
