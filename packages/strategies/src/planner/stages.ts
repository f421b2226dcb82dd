import { LevinError } from '@levin/core'
import { partition } from '../pipeline/partition.js'
import type { Layout } from './layout.js'
import type { MeasuredModel, MeasuredPiece } from './measured-model.js'
import { workPart } from './share.js'

/** What one stage of a pipeline runs, in the order of a forward. */
export interface Stage {
  /** What it has gradients of. */
  readonly pieces: readonly MeasuredPiece[]
  /** What runs before these and comes to nothing here: a later stage goes through the beginning of the step too. */
  readonly passed: readonly MeasuredPiece[]
  /** Whether it is handed what the stage before it gives; the first reads the batch. */
  readonly receives: boolean
}

/**
 * The stages of a layout, cut as the strategy cuts. Stage `s` is on rank `s mod pipeline`, as its part number `⌊s / pipeline⌋`.
 *
 * @throws LEVIN_NOT_SUPPORTED where the model has fewer layers than stages, or says otherwise itself
 */
export function stagesOf(model: MeasuredModel, layout: Layout): readonly Stage[] {
  const count = layout.pipeline * layout.chunks
  const counts = layout.layersPerStage ?? (count === 1 ? [model.layers.length] : countsOf(model, count))
  const before = model.before ? [model.before] : []
  let first = 0
  return counts.map((length, index): Stage => {
    const layers = model.layers.slice(first, first + length)
    first += length
    return {
      pieces: [...(index === 0 ? before : []), ...layers, ...(index === count - 1 && model.after ? [model.after] : [])],
      passed: index === 0 ? [] : before,
      receives: index > 0,
    }
  })
}

function countsOf({ layers, stages, uncut }: MeasuredModel, count: number): readonly number[] {
  if (uncut) throw new LevinError('LEVIN_NOT_SUPPORTED', { message: uncut })
  // By parameters, as the strategy does by itself.
  if (!stages) return partition({ costs: layers.map(({ parameters }) => 1 + sizeOf(parameters)), stages: count }).counts
  if (stages.length === count) return stages
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: 'The module says itself where to cut.',
    expected: `${stages.length} stages (pipeline × chunks)`,
    found: String(count),
    remedy: 'Let stages() return one list of layers, which is cut as evenly as can be.',
  })
}

const sizeOf = (parameters: readonly { readonly elements: number }[]): number =>
  parameters.reduce((sum, { elements }) => sum + elements, 0)

/** How many layers each stage has. */
export const layerCounts = (model: MeasuredModel, layout: Layout): readonly number[] =>
  stagesOf(model, layout).map(({ pieces }) => pieces.filter((piece) => model.layers.includes(piece)).length)

/** How many layers each stage would have if their times were to be as even as can be. */
export function evenCounts(model: MeasuredModel, layout: Layout): readonly number[] {
  const { before, after, layers } = model
  const time = (piece: MeasuredPiece | undefined): number =>
    piece ? (piece.forward + piece.backward) * workPart(piece, layout) : 0
  const last = layers.length - 1
  const costs = layers.map(
    (layer, index) => time(layer) + (index === 0 ? time(before) : 0) + (index === last ? time(after) : 0),
  )
  return partition({ costs, stages: layout.pipeline * layout.chunks }).counts
}
