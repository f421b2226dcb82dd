import * as v from 'valibot'
import type { UnitOptions } from './units.js'

export type ZeroStage = 1 | 2 | 3

export interface ZeroOptions extends UnitOptions {
  /**
   * What is spread over the ranks: 1 the optimizer's state, 2 gradients too, 3 parameters too. Default 2.
   */
  readonly stage?: ZeroStage | undefined
  /** Elements of gradients that travel together in stages 1 and 2. Default 1,048,576. */
  readonly bucketSize?: number | undefined
  /**
   * How checkpoints are written: `'full'` by rank 0, which gathers tensor by tensor; `'sharded'` by every rank what it holds, to a
   * place that all of them reach. Either loads under any strategy and any number of ranks. Default `'full'`.
   */
  readonly checkpoint?: 'full' | 'sharded' | undefined
}

const positive = v.pipe(v.number(), v.integer(), v.minValue(1))

export const zeroSchema = v.strictObject({
  stage: v.optional(v.picklist([1, 2, 3])),
  bucketSize: v.optional(positive),
  checkpoint: v.optional(v.picklist(['full', 'sharded'])),
  units: v.optional(v.array(v.pipe(v.string(), v.minLength(1)))),
  minimumUnitSize: v.optional(positive),
})

export interface ResolvedZeroOptions extends UnitOptions {
  readonly stage: ZeroStage
  readonly bucketSize: number
  readonly checkpoint: 'full' | 'sharded'
}

export const resolveOptions = ({
  stage = 2,
  bucketSize = 2 ** 20,
  checkpoint = 'full',
  ...units
}: ZeroOptions): ResolvedZeroOptions => ({ stage, bucketSize, checkpoint, ...units })
