import { add, div, mul, sqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core'
import { kernelNames } from './kernel-names.js'
import { type GradientOptions, runUpdate, type UpdateAttrs, type UpdateEntry } from './update.js'
import { looksFor } from './wanted-kernels.js'

export interface RmspropEntry extends UpdateEntry {
  /** Running mean of squared gradients, zeros before step 1. */
  readonly squareAverage: Tensor
  /** Running mean of gradients, zeros before step 1. Required with `centered`. */
  readonly gradientAverage?: Tensor | undefined
  /** Zeros before step 1. Required with momentum. */
  readonly momentumBuffer?: Tensor | undefined
}

/** What `rmspropUpdate` returns for an entry; the optional ones where they are required. */
export interface RmspropValues {
  readonly parameter: Tensor
  readonly squareAverage: Tensor
  readonly gradientAverage?: Tensor
  readonly momentumBuffer?: Tensor
}

/**
 * Attributes of `LevinRmspropUpdate`. Inputs: `parameter, gradient, squareAverage` of each entry, followed by
 * `gradientAverage` if centered, then `momentumBuffer` unless momentum is 0; at the end the scale tensor. It writes all
 * of them but gradient and scale, and returns `[]`.
 */
export interface RmspropUpdateAttrs extends UpdateAttrs {
  readonly learningRate: number
  /** Smoothing constant of the averages. */
  readonly alpha: number
  readonly epsilon: number
  readonly weightDecay: number
  readonly momentum: number
  readonly centered: boolean
}

export interface RmspropUpdateOptions extends GradientOptions {
  readonly learningRate: number
  /** Smoothing constant of the averages. Default 0.99. */
  readonly alpha?: number | undefined
  /** Added after the root. Default 1e-8. */
  readonly epsilon?: number | undefined
  /** Default 0. Added to the gradient times the parameter. */
  readonly weightDecay?: number | undefined
  /** Default 0: none. */
  readonly momentum?: number | undefined
  /** Whether gradients are normalised by an estimate of their variance. Default `false`. */
  readonly centered?: boolean | undefined
}

/** RMSprop (Hinton 2012): `torch.optim.RMSprop`, operation by operation. See {@link runUpdate} for who owns what. */
export const rmspropUpdate = /* @__PURE__ */ looksFor(
  ['LevinRmspropUpdate'],
  function rmspropUpdate(entries: readonly RmspropEntry[], options: RmspropUpdateOptions): RmspropValues[] {
    const { learningRate, alpha = 0.99, epsilon = 1e-8, weightDecay = 0, momentum = 0, centered = false } = options
    const attrs = { learningRate, alpha, epsilon, weightDecay, momentum, centered }
    type Slot = 'squareAverage' | 'gradientAverage' | 'momentumBuffer'
    const slots: Slot[] = ['squareAverage']
    if (centered) slots.push('gradientAverage')
    if (momentum !== 0) slots.push('momentumBuffer')
    return runUpdate<Slot, RmspropUpdateAttrs>(entries as (UpdateEntry & Record<Slot, Tensor>)[], {
      op: 'rmspropUpdate',
      kernelName: kernelNames.rmspropUpdate,
      slots,
      attrs,
      options,
      compose: (entry, gradient) => composeRmsprop(entry, gradient, attrs) as Averages,
    })
  },
)

// --- Internal helpers ---

type Averages = Record<'parameter' | 'squareAverage' | 'gradientAverage' | 'momentumBuffer', Tensor>

function composeRmsprop(
  entry: Averages,
  gradient: Tensor,
  attrs: Omit<RmspropUpdateAttrs, keyof UpdateAttrs>,
): RmspropValues {
  const { learningRate, alpha, epsilon, weightDecay, momentum, centered } = attrs
  const { parameter } = entry
  const decayed = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
  const squareAverage = add(mul(entry.squareAverage, alpha), mul(square(decayed), 1 - alpha))
  // torch's lerp: a + (1 - alpha) · (g - a).
  const gradientAverage = centered
    ? add(entry.gradientAverage, mul(sub(decayed, entry.gradientAverage), 1 - alpha))
    : undefined
  const variance = gradientAverage === undefined ? squareAverage : sub(squareAverage, square(gradientAverage))
  const normalised = div(decayed, add(sqrt(variance), epsilon))
  const momentumBuffer = momentum === 0 ? undefined : add(mul(entry.momentumBuffer, momentum), normalised)
  return {
    parameter: sub(parameter, mul(momentumBuffer ?? normalised, learningRate)),
    squareAverage,
    ...(gradientAverage === undefined ? {} : { gradientAverage }),
    ...(momentumBuffer === undefined ? {} : { momentumBuffer }),
  }
}
