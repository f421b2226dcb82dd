import * as v from 'valibot'

/** Low-rank approximation of gradients (PowerSGD, Vogels et al. 2019). */
export interface PowerSgdCompression {
  readonly kind: 'powerSGD'
  /** Rank of the approximations: more is closer, and more to send. Default 2. */
  readonly rank?: number | undefined
  /** Updates with exact gradients before the first approximate one; early gradients are the hardest to approximate. Default 1000. */
  readonly startStep?: number | undefined
  /** How many times fewer numbers a gradient must need for it to be approximated at all. Default 2. */
  readonly minCompressionRate?: number | undefined
}

/** What travels between ranks instead of exact gradients. */
export type GradientCompression = 'bf16' | PowerSgdCompression

/** The optimizer that the average of what ranks have learnt by themselves goes through (DiLoCo, Douillard et al. 2023). */
export interface OuterOptimizer {
  /** Default 0.7. */
  readonly learningRate?: number | undefined
  /** Default 0.9. */
  readonly momentum?: number | undefined
  /** Default `true`. */
  readonly nesterov?: boolean | undefined
}

export interface DdpOptions {
  /** Bytes of gradients that are sent together. Default 26,214,400 (25 MiB, as in PyTorch). */
  readonly bucketBytes?: number | undefined
  /** Send less than exact gradients, for slow links. Announced: results differ from those of one device. Default: exact. */
  readonly compression?: GradientCompression | undefined
  /**
   * Every rank trains alone for so many updates, and then parameters are averaged (local SGD, Stich 2018). Announced: results
   * differ from those of one device. Default: gradients are averaged at every update.
   */
  readonly localSteps?: number | undefined
  /** With `localSteps`: what was learnt goes through this optimizer (DiLoCo). Default: parameters are averaged as they are. */
  readonly outer?: OuterOptimizer | undefined
}

/** Defaults that are told in more than one place. */
export const START_STEP = 1000
export const APPROXIMATION_RANK = 2

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

const powerSgd = v.strictObject({
  kind: v.literal('powerSGD'),
  rank: v.optional(count),
  startStep: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  minCompressionRate: v.optional(v.pipe(v.number(), v.finite(), v.minValue(1))),
})

// One of the two by what was given, so that an error names what is wrong with that one.
const compression = v.lazy(
  (given): v.GenericSchema<GradientCompression> => (typeof given === 'string' ? v.picklist(['bf16']) : powerSgd),
)

const outer = v.strictObject({
  learningRate: v.optional(v.pipe(v.number(), v.finite(), v.gtValue(0))),
  momentum: v.optional(v.pipe(v.number(), v.minValue(0), v.ltValue(1))),
  nesterov: v.optional(v.boolean()),
})

export const ddpSchema = v.pipe(
  v.strictObject({
    bucketBytes: v.optional(count),
    compression: v.optional(compression),
    localSteps: v.optional(count),
    outer: v.optional(outer),
  }),
  v.check(
    ({ localSteps, outer }) => outer === undefined || localSteps !== undefined,
    'outer needs localSteps, after which the outer optimizer runs',
  ),
  v.check(
    ({ localSteps, compression }) => localSteps === undefined || compression === undefined,
    'compression is of gradients, and with localSteps none are sent: use one of the two',
  ),
)
