import type { SharedArena } from '@levin/distributed'
import type { CollectiveWork } from '../../suites/collectives/works.js'

/** Words by which the main thread tells its ranks what to do, and they say that they have. */
export const ORDER = { number: 0, steps: 1, done: 2, started: 3 } as const

export interface RankStart {
  readonly work: CollectiveWork
  readonly arena: SharedArena
  readonly rank: number
  readonly order: Int32Array
  /** Seconds, and the number that contenders are compared by; of rank 0. */
  readonly results: Float64Array
}
