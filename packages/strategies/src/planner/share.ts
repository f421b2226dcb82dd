import type { Layout } from './layout.js'
import type { MeasuredParameter, MeasuredPiece } from './measured-model.js'

/** The part of a parameter that the rank has which has the most of it. */
const partOf = ({ units }: MeasuredParameter, { tensor }: Layout): number =>
  units === undefined || tensor === 1 ? 1 : Math.ceil(units / tensor) / units

/** Elements of a parameter on one rank. */
export const elementsOn = (parameter: MeasuredParameter, layout: Layout): number =>
  parameter.elements * partOf(parameter, layout)

/** What is between the layers that tensor ranks share: each computes and keeps all of it, or a stretch. */
const undivided = ({ tensor, sequenceParallel }: Layout): number => (sequenceParallel ? 1 / tensor : 1)

/**
 * The part of a piece's work that one rank does: its part of a sequence, and of what tensor ranks divide. Work goes by elements of
 * parameters, since products dominate.
 */
export function workPart({ parameters }: MeasuredPiece, layout: Layout): number {
  const all = parameters.reduce((sum, { elements }) => sum + elements, 0)
  const split = parameters.filter(({ units }) => units !== undefined)
  const shared = all === 0 ? 0 : split.reduce((sum, { elements }) => sum + elements, 0) / all
  const divided = all === 0 ? 0 : split.reduce((sum, each) => sum + elementsOn(each, layout), 0) / all
  return (divided + (1 - shared) * undivided(layout)) / layout.context
}

/** The part of the activations within a piece that one rank keeps. */
export const innerPart = ({ dividedPart }: MeasuredPiece, layout: Layout): number =>
  (dividedPart / layout.tensor + (1 - dividedPart) * undivided(layout)) / layout.context

/** The part of the activations between two pieces that one rank keeps. */
export const betweenPart = (layout: Layout): number => undivided(layout) / layout.context
