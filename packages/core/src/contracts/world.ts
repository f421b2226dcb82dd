import type { ProcessGroup, RankDescription } from './process-group.js'

/** All workers of one run as one of them sees them: where it stands, and how it talks to the others. */
export interface World {
  readonly rank: RankDescription
  /** All ranks of the run, in the order of their global ranks. */
  readonly group: ProcessGroup
}
