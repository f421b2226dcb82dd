import { add, mul, sub, type Tensor } from '@tensorflow/tfjs-core'
import { check } from './checks.js'
import { kernelNames } from './kernel-names.js'
import { type GradientOptions, runUpdate, type UpdateAttrs, type UpdateEntry, type UpdateValues } from './update.js'
import { looksFor } from './wanted-kernels.js'

export interface SgdEntry extends UpdateEntry {
  /** Required with momentum. What it holds at step 1 does not matter. */
  readonly momentumBuffer?: Tensor | undefined
}

/** What `sgdUpdate` returns for an entry; `momentumBuffer` with momentum only. */
export interface SgdValues {
  readonly parameter: Tensor
  readonly momentumBuffer?: Tensor
}

/**
 * Attributes of `LevinSgdUpdate`. Inputs: `parameter, gradient` of each entry, followed by `momentumBuffer` unless
 * momentum is 0; then the scale tensor. It writes parameters and buffers and returns `[]`.
 */
export interface SgdUpdateAttrs extends UpdateAttrs {
  readonly learningRate: number
  readonly momentum: number
  readonly dampening: number
  readonly weightDecay: number
  readonly nesterov: boolean
  /** Whether this is step 1: buffers become the gradient, whatever they hold. */
  readonly firstStep: boolean
}

export interface SgdUpdateOptions extends GradientOptions {
  readonly learningRate: number
  /** Default 0: none. */
  readonly momentum?: number | undefined
  /** Default 0. Without effect at step 1. */
  readonly dampening?: number | undefined
  /** Default 0. Added to the gradient times the parameter. */
  readonly weightDecay?: number | undefined
  /** Default `false`. */
  readonly nesterov?: boolean | undefined
  /** Counts from 1. */
  readonly step: number
}

/** Stochastic gradient descent: `torch.optim.SGD`, operation by operation. See {@link runUpdate} for who owns what. */
export const sgdUpdate = /* @__PURE__ */ looksFor(
  ['LevinSgdUpdate'],
  function sgdUpdate(entries: readonly SgdEntry[], options: SgdUpdateOptions): SgdValues[] {
    const { learningRate, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, step } = options
    checkStep('sgdUpdate', step)
    const firstStep = step === 1
    type Slot = 'momentumBuffer'
    const slots: readonly Slot[] = momentum === 0 ? [] : ['momentumBuffer']
    return runUpdate<Slot, SgdUpdateAttrs>(entries as (UpdateEntry & Record<Slot, Tensor>)[], {
      op: 'sgdUpdate',
      kernelName: kernelNames.sgdUpdate,
      slots,
      attrs: { learningRate, momentum, dampening, weightDecay, nesterov, firstStep },
      options,
      compose({ parameter, momentumBuffer }, gradient) {
        const decayed = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay))
        if (momentum === 0) return { parameter: sub(parameter, mul(decayed, learningRate)) } as UpdateValues<Slot>
        // At step 1 the buffer is the gradient itself; times 1, since it must be a tensor of its own.
        const buffer = firstStep ? mul(decayed, 1) : add(mul(momentumBuffer, momentum), mul(decayed, 1 - dampening))
        const direction = nesterov ? add(decayed, mul(buffer, momentum)) : buffer
        return { parameter: sub(parameter, mul(direction, learningRate)), momentumBuffer: buffer }
      },
    })
  },
)

/** Steps count from 1, as bias corrections need. */
export function checkStep(op: string, step: number): void {
  check(Number.isInteger(step) && step >= 1, op, () => `\`step\` must be a whole number from 1, but is ${step}`)
}
