import type { Clock } from './clock.js'
import { LevinError } from './errors.js'

/**
 * When something happens: validation, a checkpoint, a row in a log, a callback. A plain value, so that it travels
 * in configurations, checkpoints and messages; {@link TriggerState} watches the clock for it.
 */
export type Trigger =
  | { readonly kind: 'steps'; readonly every: number }
  | { readonly kind: 'epochs'; readonly every: number }
  | { readonly kind: 'minutes'; readonly every: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'never' }
  | { readonly kind: 'any'; readonly of: readonly Trigger[] }

/** After every `every`-th optimizer step. */
export const everySteps = (every: number): Trigger => ({ kind: 'steps', every: natural('everySteps', every) })
/** At the end of every `every`-th epoch. */
export const everyEpochs = (every: number): Trigger => ({ kind: 'epochs', every: natural('everyEpochs', every) })
/** At the first step after `every` more minutes have passed. Inexact by nature: a resumed run may fire elsewhere. */
export const everyMinutes = (every: number): Trigger => ({ kind: 'minutes', every: positive('everyMinutes', every) })
/** Once, when training ends. */
export const atEnd = (): Trigger => ({ kind: 'end' })
export const never = (): Trigger => ({ kind: 'never' })
/** When any of the given triggers fires. */
export const anyOf = (...of: Trigger[]): Trigger => ({ kind: 'any', of })

/** Where in a run the clock is read. `step`: after an optimizer step; `epoch`: when an epoch has ended; `end`: after the last. */
export type TriggerMoment = 'step' | 'epoch' | 'end'

/** Watches the clock for one trigger. Keeps no wall-clock time but the moment at which it last fired. */
export class TriggerState {
  readonly #trigger: Trigger
  readonly #now: () => number
  #lastTime: number
  #lastStep = -1

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(trigger: Trigger, now: () => number = () => performance.now()) {
    this.#trigger = trigger
    this.#now = now
    this.#lastTime = now()
  }

  /** Whether the trigger fires at this moment. A step that has fired does not fire again for its epoch. */
  fires(clock: Pick<Clock, 'globalStep' | 'epoch'>, moment: TriggerMoment): boolean {
    if (!this.#test(this.#trigger, clock, moment)) return false
    // Several parts may be due at one step: at its end, at that of its epoch, at that of the run.
    if (moment !== 'step' && this.#lastStep === clock.globalStep && this.#trigger.kind === 'any') return false
    this.#lastStep = clock.globalStep
    this.#lastTime = this.#now()
    return true
  }

  #test(trigger: Trigger, clock: Pick<Clock, 'globalStep' | 'epoch'>, moment: TriggerMoment): boolean {
    switch (trigger.kind) {
      case 'steps':
        return moment === 'step' && clock.globalStep > 0 && clock.globalStep % trigger.every === 0
      case 'epochs':
        return moment === 'epoch' && (clock.epoch + 1) % trigger.every === 0
      case 'minutes':
        return moment === 'step' && this.#now() - this.#lastTime >= trigger.every * 60_000
      case 'end':
        return moment === 'end'
      case 'never':
        return false
      case 'any':
        return trigger.of.some((part) => this.#test(part, clock, moment))
    }
  }
}

/** Whether a trigger depends on the wall clock, so that a run that relies on it cannot be repeated exactly. */
export function isInexact(trigger: Trigger): boolean {
  return trigger.kind === 'minutes' || (trigger.kind === 'any' && trigger.of.some(isInexact))
}

/** Whether a trigger can fire at a step, and so must be asked after each. */
export function firesAtSteps(trigger: Trigger): boolean {
  if (trigger.kind === 'any') return trigger.of.some(firesAtSteps)
  return trigger.kind === 'steps' || trigger.kind === 'minutes'
}

function natural(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new LevinError('LEVIN_BAD_OPTION', { expected: `${name} to get a whole number above 0`, found: String(value) })
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value
  throw new LevinError('LEVIN_BAD_OPTION', { expected: `${name} to get a number above 0`, found: String(value) })
}
