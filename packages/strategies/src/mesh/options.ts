import { LevinError } from '@levin/core'
import * as v from 'valibot'
import { SCHEDULES, type ScheduleName } from '../pipeline/schedules/index.js'
import { askedFor } from './idle-options.js'

/** How many ranks share what. Their product is the number of workers. */
export interface MeshAxes {
  /** Ranks that each have a part of every batch. */
  readonly data?: number | undefined
  /** Ranks that each have some of the layers, one behind the other. */
  readonly pipeline?: number | undefined
  /** Ranks that each have a stretch of every sequence. */
  readonly context?: number | undefined
  /** Ranks that each have a part of every layer. */
  readonly tensor?: number | undefined
}

export interface PipelineOptions {
  /**
   * In which order a rank goes forward and back with the micro-batches of an accumulation window. Default `'1f1b'`, or
   * `'interleaved'` where there are several `chunks`.
   */
  readonly schedule?: ScheduleName | undefined
  /** Parts of the model on each rank, for `'interleaved'`. Default 1, or 2 if that is asked for by name. */
  readonly chunks?: number | undefined
  /**
   * How many layers of the module each stage has, from the first stage to the last, such as `levin plan` finds by measuring them.
   * Default: as even in parameters as can be. It is never measured at a start: two runs would be cut differently, and sums over the
   * model come out in another order.
   */
  readonly layersPerStage?: readonly number[] | undefined
  /** Layers keep what goes into them alone, and run once more in backward: less memory, a third more to compute. Default `false`. */
  readonly recompute?: boolean | undefined
  /** A folder for a picture and a trace of one window, once it has settled (the eighth): `pipeline.svg`, `pipeline.trace.json`. */
  readonly trace?: string | undefined
}

export interface TensorOptions {
  /**
   * How layers are shared: styles by path, `*` for any one name, such as `{ 'blocks.*.linear1': 'column' }`. Layers that were made to
   * be shared need no entry. Default: none.
   */
  readonly plan?: Readonly<Record<string, string>> | undefined
  /** Between shared layers each rank has a stretch of every sequence, instead of computing what the others do. Default `false`. */
  readonly sequenceParallel?: boolean | undefined
}

export interface MeshOptions extends MeshAxes, PipelineOptions, TensorOptions {
  /** 1: the optimizer's state is spread over the ranks that hold the same parameters, tensor by tensor (ZeRO). Default 0. */
  readonly zero?: 0 | 1 | undefined
}

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

const pipelineEntries = {
  schedule: v.optional(v.picklist(Object.keys(SCHEDULES) as [ScheduleName, ...ScheduleName[]])),
  chunks: v.optional(natural),
  layersPerStage: v.optional(v.array(natural)),
  recompute: v.optional(v.boolean()),
  trace: v.optional(v.pipe(v.string(), v.minLength(1))),
}

const tensorEntries = {
  plan: v.optional(v.record(v.string(), v.string())),
  sequenceParallel: v.optional(v.boolean()),
}

export const meshSchema = v.strictObject({
  data: v.optional(natural),
  pipeline: v.optional(natural),
  context: v.optional(natural),
  tensor: v.optional(natural),
  ...pipelineEntries,
  ...tensorEntries,
  zero: v.optional(v.picklist([0, 1])),
})
export const pipelineSchema = v.strictObject(pipelineEntries)
export const tensorSchema = v.strictObject(tensorEntries)

export interface ResolvedMeshOptions {
  readonly schedule: ScheduleName
  readonly chunks: number
  readonly layersPerStage: readonly number[] | undefined
  readonly recompute: boolean
  readonly trace: string | undefined
  readonly plan: Readonly<Record<string, string>>
  readonly sequenceParallel: boolean
  readonly zero: 0 | 1
  /** Those that need several ranks of some axis. */
  readonly asked: readonly (keyof MeshOptions)[]
}

/** @throws LEVIN_BAD_OPTION for several chunks under a schedule that knows of one */
export function resolveOptions(options: MeshOptions): ResolvedMeshOptions {
  const {
    chunks: wanted,
    layersPerStage,
    recompute = false,
    trace,
    plan = {},
    sequenceParallel = false,
    zero = 0,
  } = options
  const { schedule = (wanted ?? 1) > 1 ? 'interleaved' : '1f1b' } = options
  const chunks = wanted ?? (schedule === 'interleaved' ? 2 : 1)
  if (chunks > 1 && schedule !== 'interleaved') throw onePartEach(schedule, chunks)
  const asked = askedFor(options)
  return { schedule, chunks, layersPerStage, recompute, trace, plan, sequenceParallel, zero, asked }
}

const onePartEach = (schedule: ScheduleName, chunks: number): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message: `The schedule '${schedule}' has one part of the model on each rank, and ${chunks} chunks are asked for.`,
    expected: "chunks: 1, or schedule: 'interleaved'",
    found: `schedule: '${schedule}', chunks: ${chunks}`,
    remedy: "Leave 'schedule' out: several chunks are interleaved.",
  })
