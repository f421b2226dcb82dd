import type { ProcessGroup } from '@levin/core'
import type { Task } from '../group/task.js'

/** How arrays are summed over the ranks: in full, or compressed on the way. */
export interface Sums {
  /** Calls several collectives that follow from each other: two such sums at a time would mix them. */
  readonly isSerial: boolean
  /** Every rank ends with the sum of all ranks' `values`, in place; the same bits on all. */
  sum(values: Float32Array, group: ProcessGroup): Task
}

/** Sums in single precision, as they are. */
export const exactSums: Sums = {
  isSerial: false,
  *sum(values) {
    yield (collectives) => collectives.allReduce(values, 'sum')
  },
}
