import { add, div, maximum, mul, sqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core'
import { kernelNames } from './kernel-names.js'
import { checkStep } from './sgd-update.js'
import { type GradientOptions, runUpdate, type UpdateAttrs, type UpdateEntry } from './update.js'

export interface AdamEntry extends UpdateEntry {
  /** Running mean of gradients, zeros before step 1. */
  readonly firstMoment: Tensor
  /** Running mean of squared gradients, zeros before step 1. */
  readonly secondMoment: Tensor
  /** Largest second moment so far, zeros before step 1. Required with `amsgrad`. */
  readonly maxSecondMoment?: Tensor | undefined
}

/** What `adamUpdate` returns for an entry; `maxSecondMoment` with `amsgrad` only. */
export interface AdamValues {
  readonly parameter: Tensor
  readonly firstMoment: Tensor
  readonly secondMoment: Tensor
  readonly maxSecondMoment?: Tensor
}

/**
 * Attributes of `LevinAdamUpdate`. Inputs: `parameter, gradient, firstMoment, secondMoment` of each entry, followed by
 * `maxSecondMoment` with amsgrad; then the scale tensor. It writes all of them but gradient and scale, and returns `[]`.
 */
export interface AdamUpdateAttrs extends UpdateAttrs {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Added to the gradient times the parameter; 0 where decay is decoupled. */
  readonly weightDecay: number
  /** Factor on the parameter before the update: `1 - learningRate · weightDecay` where decay is decoupled, else 1. */
  readonly parameterDecay: number
  readonly amsgrad: boolean
  /** `learningRate / (1 - beta1^step)`, computed in double precision. */
  readonly stepSize: number
  /** `sqrt(1 - beta2^step)`, computed in double precision. */
  readonly biasCorrection2Sqrt: number
}

export interface AdamUpdateOptions extends GradientOptions {
  readonly learningRate: number
  /** Default 0.9. */
  readonly beta1?: number | undefined
  /** Default 0.999. */
  readonly beta2?: number | undefined
  /** Added after the bias-corrected root. Default 1e-8. */
  readonly epsilon?: number | undefined
  /** Default 0. */
  readonly weightDecay?: number | undefined
  /** Whether decay shrinks the parameter instead of joining the gradient: AdamW. Default `false`. */
  readonly decoupled?: boolean | undefined
  /** Default `false`. Reddi et al. 2018. */
  readonly amsgrad?: boolean | undefined
  /** Counts from 1. */
  readonly step: number
}

/**
 * Adam (Kingma & Ba 2014) and, with `decoupled`, AdamW (Loshchilov & Hutter 2017): `torch.optim.Adam` and `AdamW`,
 * operation by operation. See {@link runUpdate} for who owns what.
 */
export function adamUpdate(entries: readonly AdamEntry[], options: AdamUpdateOptions): AdamValues[] {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, step } = options
  const { decoupled = false, amsgrad = false } = options
  checkStep('adamUpdate', step)
  const attrs = {
    beta1,
    beta2,
    epsilon,
    weightDecay: decoupled ? 0 : weightDecay,
    parameterDecay: decoupled ? 1 - learningRate * weightDecay : 1,
    amsgrad,
    stepSize: learningRate / (1 - beta1 ** step),
    biasCorrection2Sqrt: Math.sqrt(1 - beta2 ** step),
  }
  type Slot = 'firstMoment' | 'secondMoment' | 'maxSecondMoment'
  const slots: readonly Slot[] = ['firstMoment', 'secondMoment', ...(amsgrad ? (['maxSecondMoment'] as const) : [])]
  return runUpdate<Slot, AdamUpdateAttrs>(entries as (UpdateEntry & Record<Slot, Tensor>)[], {
    op: 'adamUpdate',
    kernelName: kernelNames.adamUpdate,
    slots,
    attrs,
    options,
    compose: (entry, gradient) => composeAdam(entry, gradient, attrs),
  })
}

// --- Internal helpers ---

type Moments = Record<'parameter' | 'firstMoment' | 'secondMoment' | 'maxSecondMoment', Tensor>

function composeAdam(entry: Moments, gradient: Tensor, attrs: Omit<AdamUpdateAttrs, keyof UpdateAttrs>): Moments {
  const { beta1, beta2, epsilon, weightDecay, parameterDecay, amsgrad, stepSize, biasCorrection2Sqrt } = attrs
  const { parameter } = entry
  const decayed = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
  const shrunk = parameterDecay === 1 ? parameter : mul(parameter, parameterDecay)
  // torch's lerp: m + (1 - beta1) · (g - m).
  const firstMoment = add(entry.firstMoment, mul(sub(decayed, entry.firstMoment), 1 - beta1))
  const secondMoment = add(mul(entry.secondMoment, beta2), mul(square(decayed), 1 - beta2))
  const bound = amsgrad ? maximum(entry.maxSecondMoment, secondMoment) : secondMoment
  const denominator = add(div(sqrt(bound), biasCorrection2Sqrt), epsilon)
  const values = {
    parameter: sub(shrunk, mul(div(firstMoment, denominator), stepSize)),
    firstMoment,
    secondMoment,
  }
  return (amsgrad ? { ...values, maxSecondMoment: bound } : values) as Moments
}
