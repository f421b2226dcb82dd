import { adamUpdate, clipCoefficient, rmspropUpdate, sgdUpdate } from '@levin/ops'
import * as tf from '@tensorflow/tfjs-core'
import { type SweepOp, sweepOp } from '../sweep-op.js'

interface Steps {
  /** How many updates, and of how many parameters. */
  readonly steps: number
  readonly count: number
  readonly momentum?: number
  readonly amsgrad?: boolean
  readonly centered?: boolean
}

type Entry = Record<string, tf.Tensor>

type Update = (entries: readonly Entry[], options: object) => readonly Entry[]

/** Operands are `parameter<index>` and `gradient<step>.<index>`; the result is the parameters after all steps. */
const updated = (update: unknown, slotsOf: (args: Steps) => readonly (string | false | undefined)[]): SweepOp =>
  sweepOp<Record<string, tf.Tensor>, Steps>((operands, { steps, count, ...options }) => {
    const slots = slotsOf({ steps, count, ...options }).filter((slot) => typeof slot === 'string')
    let entries = Array.from({ length: count }, (_, index): Entry => {
      const parameter = operands[`parameter${index}`] as tf.Tensor
      // A copy, since kernels write in place.
      return { parameter: tf.mul(parameter, 1), ...Object.fromEntries(slots.map((slot) => [slot, zerosAs(parameter)])) }
    })
    for (let step = 0; step < steps; step++) {
      const given = entries.map((entry, index) => ({
        ...entry,
        gradient: operands[`gradient${step}.${index}`] as tf.Tensor,
      }))
      const next = (update as Update)(given, { ...options, step: step + 1 })
      disposeReplaced(entries, next)
      entries = [...next]
    }
    disposeState(entries)
    return entries.map(({ parameter }) => parameter as tf.Tensor)
  })

export const optimizers = {
  sgdUpdate: updated(sgdUpdate, ({ momentum }) => [momentum !== undefined && 'momentumBuffer']),
  adamUpdate: updated(adamUpdate, ({ amsgrad }) => ['firstMoment', 'secondMoment', amsgrad && 'maxSecondMoment']),
  rmspropUpdate: updated(rmspropUpdate, ({ centered, momentum }) => [
    'squareAverage',
    centered && 'gradientAverage',
    momentum !== undefined && 'momentumBuffer',
  ]),
  clipCoefficient: sweepOp<{ squared: tf.Scalar }, { maxNorm: number }>(({ squared }, { maxNorm }) =>
    clipCoefficient(squared, maxNorm),
  ),
}

// --- Internal helpers ---

/** Of data of its own: a fill, since copies of zeros may share theirs. */
const zerosAs = ({ shape }: tf.Tensor): tf.Tensor => tf.fill(shape, 0)

function disposeReplaced(before: readonly Entry[], after: readonly Entry[]): void {
  for (const [index, entry] of before.entries()) {
    for (const [name, tensor] of Object.entries(entry)) if (after[index]?.[name] !== tensor) tensor.dispose()
  }
}

function disposeState(entries: readonly Entry[]): void {
  for (const { parameter: _parameter, ...state } of entries) tf.dispose(state)
}
