import { SCHEDULES } from '../pipeline/schedules/index.js'
import type { Layout } from './layout.js'
import { type MeasuredModel, parametersOf, piecesOf } from './measured-model.js'

/** Why a model cannot have a layout, as the end of a sentence; `undefined` if it can. */
export function impossibility(layout: Layout, model: MeasuredModel): string | undefined {
  return cannotCut(layout, model) ?? cannotShare(layout, model) ?? cannotStretch(layout, model)
}

function cannotCut({ pipeline, chunks, microBatches, schedule }: Layout, model: MeasuredModel): string | undefined {
  if (pipeline === 1) return undefined
  const { uncut, stages, layers } = model
  const count = pipeline * chunks
  if (uncut) return uncut
  if (stages && stages.length !== count) return `stages() of the module gives ${stages.length} stages, not ${count}`
  if (layers.length < count) return `${layers.length} layers make no ${count} stages`
  if (SCHEDULES[schedule].interleaves && chunks > 1 && microBatches % pipeline !== 0)
    return `${schedule} needs micro-batches (accumulateGradBatches) in groups of ${pipeline}, and there are ${microBatches}`
  return undefined
}

function cannotShare({ tensor }: Layout, model: MeasuredModel): string | undefined {
  if (tensor === 1) return undefined
  const split = parametersOf(piecesOf(model)).filter(({ units }) => units !== undefined)
  if (split.length === 0) return 'no layer is shared: give a plan of paths and styles'
  const small = split.find(({ units = 0 }) => units < tensor)
  return small && `'${small.path}' has ${small.units} parts to divide, which is fewer than ${tensor} ranks`
}

function cannotStretch({ context, tensor, sequenceParallel }: Layout, model: MeasuredModel): string | undefined {
  const stretches = context * (sequenceParallel ? tensor : 1)
  if (stretches === 1) return undefined
  if (context > 1 && piecesOf(model).every(({ attention }) => attention.length === 0))
    return 'no layer is attention, and others do not take sequences in stretches'
  const shapes = model.layers.map(({ outputShape }) => outputShape)
  const [first] = shapes
  const time = first?.[1]
  if (time === undefined || shapes.some((shape) => shape?.length !== 3 || shape[1] !== time))
    return 'not all layers give [batch, time, features] with one time'
  if (time % stretches === 0) return undefined
  return `sequences of ${time} positions cannot be divided evenly by ${stretches}`
}
