import type { Elements, ReduceOperation } from '@levin/core'
import { partOf, requireReduction, requireTarget, typeOf } from '@levin/distributed/elements'
import type { PinnedView } from '../native/pinned.js'
import { alone, type Collective, type CountLimits, copyWithin } from './collective.js'
import type { Progress } from './progress.js'
import { reductionDetail, reductionOf, ringPays } from './reductions.js'
import { type RingReduction, ringAllReduce, ringReduceScatter } from './ring.js'

/** The collectives that reduce: small data by MPI's trees, large data around a ring. */
export class ReducingCollectives {
  readonly #collective: Collective
  readonly #limits: CountLimits

  constructor(collective: Collective, limits: CountLimits) {
    this.#collective = collective
    this.#limits = limits
  }

  allReduce(data: Elements, operation: ReduceOperation): Progress {
    const type = typeOf(data)
    requireReduction(type, operation)
    const { context } = this.#collective
    const { size, mpi } = context
    const view = this.#collective.pin('allReduce', data)
    const count = data.length
    const moved = (2 * data.byteLength * (size - 1)) / size
    const detail = reductionDetail(type, operation)
    return this.#collective.run(
      { kind: 'allReduce', count, detail, views: [view], sent: moved, received: moved },
      () => {
        if (size === 1 || count === 0) return alone()
        const { address } = view
        const how = reductionOf(mpi, data, address, operation, size)
        return ringPays(data.byteLength, size) || count > this.#limits.elements
          ? ringAllReduce(context, address, count, how)
          : this.#allReduceByTree(address, count, how)
      },
    )
  }

  *#allReduceByTree(address: number, count: number, how: RingReduction): Progress {
    const { inPlace } = this.#collective.context.mpi.family
    yield* this.#collective.mpi('MPI_Iallreduce', inPlace, address, count, how.type, how.operation)
    how.finish(address, count)
  }

  reduceScatter(data: Elements, target: Elements, operation: ReduceOperation): Progress {
    const type = typeOf(data)
    const { context } = this.#collective
    const { size, mpi } = context
    const count = partOf('reduceScatter', data, size)
    requireTarget('reduceScatter', data, target, count, 'the part of a rank')
    requireReduction(type, operation)
    const from = this.#collective.pin('reduceScatter', data)
    const to = this.#collective.pin('reduceScatter', target)
    const moved = target.byteLength * (size - 1)
    const detail = reductionDetail(type, operation)
    return this.#collective.run(
      { kind: 'reduceScatter', count, detail, views: [from, to], sent: moved, received: moved },
      () => {
        if (size === 1) return alone(() => copyWithin(data, 0, count, target, 0))
        if (count === 0) return alone()
        const how = reductionOf(mpi, target, to.address, operation, size)
        return ringPays(data.byteLength, size) || data.length > this.#limits.elements
          ? ringReduceScatter(context, from.address, to.address, count, how)
          : this.#reduceScatterByTree(from, to, how)
      },
    )
  }

  *#reduceScatterByTree(from: PinnedView, { address, length }: PinnedView, how: RingReduction): Progress {
    const buffers = [from.address, address, length] as const
    yield* this.#collective.mpi('MPI_Ireduce_scatter_block', ...buffers, how.type, how.operation)
    how.finish(address, length)
  }
}
