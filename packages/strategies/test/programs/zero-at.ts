import type { Strategy } from '@levin/core'
import { type ZeroOptions, zero } from '../../src/zero.js'
import type { Place } from './place.js'

/** The strategy, as whoever starts a rank makes it. */
export function zeroAt({ group }: Place, options: ZeroOptions): Strategy {
  const { rank, size } = group
  const strategy: Strategy = zero(options)
  strategy.join?.({
    rank: { globalRank: rank, localRank: rank, nodeRank: 0, localWorldSize: size, worldSize: size },
    group,
  })
  return strategy
}
