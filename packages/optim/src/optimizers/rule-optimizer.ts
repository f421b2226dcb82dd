import {
  copy,
  describe,
  type Gradients,
  keep,
  LevinError,
  type Optimizer,
  type OptimizerSlot,
  type OptimizerState,
  type Parameter,
  sharesData,
  type UpdateOptions,
} from '@levin/core'
import { hasKernel, squaredNorm } from '@levin/ops'
import { type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { type CommonOptions, type OptimizerTarget, type ResolvedGroup, resolveGroups } from '../parameter-groups.js'
import { commitUpdate, disposeParameterState, newParameterState, type ParameterState } from './parameter-state.js'
import { planLoad, type SavedState, saveState } from './saved-state.js'
import type { UpdateEntry, UpdateRule } from './update-rule.js'

interface PendingUpdate {
  readonly parameter: Parameter
  readonly gradient: Tensor
}

/** An optimizer made of an update rule: groups, counts, slots and their life are the same for every rule. */
export class RuleOptimizer<O extends CommonOptions> implements Optimizer {
  readonly name: string
  readonly groups: readonly ResolvedGroup<O>[]
  readonly sharding = 'element'
  readonly #rule: UpdateRule<O>
  readonly #states = new Map<Parameter, ParameterState>()
  #disposed = false

  constructor(rule: UpdateRule<O>, target: OptimizerTarget<O>, options: Partial<O>) {
    this.#rule = rule
    this.name = rule.name
    this.groups = resolveGroups(target, options, rule)
  }

  step(gradients: Gradients, options: UpdateOptions = {}): void {
    this.#requireAlive()
    checkUpdateOptions(this.name, options)
    // Everything is checked before anything changes: a wrong gradient leaves all parameters as they were.
    const pending = this.groups.map((group) => this.#pendingOf(group, gradients))
    for (const [index, group] of this.groups.entries()) this.#updateGroup(group, pending[index] ?? [], options)
  }

  squaredNorm(gradients: Gradients): Scalar {
    const own = this.groups.flatMap((group) => this.#pendingOf(group, gradients).map(({ gradient }) => gradient))
    return keep(tidy(() => squaredNorm(own)))
  }

  state(): SavedState {
    return saveState(this.name, this.groups, this.#states)
  }

  *slots(): Iterable<OptimizerSlot> {
    for (const [parameter, { slots }] of this.#states) {
      for (const [slot, value] of Object.entries(slots)) yield { parameter, slot, value }
    }
  }

  load(state: OptimizerState, slots: Iterable<OptimizerSlot>): void {
    const given = [...slots]
    const before = new Set([...this.#states.values()].flatMap(({ slots }) => Object.values(slots)))
    try {
      this.#requireAlive()
      const { states, learningRates } = planLoad(this.#rule, this.groups, state, given)
      this.#replaceStates(states)
      for (const [index, group] of this.groups.entries()) group.learningRate = learningRates[index] as number
    } catch (error) {
      // They were handed over: whoever called has forgotten them.
      for (const { value } of given) if (!before.has(value)) value.dispose()
      throw error
    }
  }

  dispose(): void {
    for (const state of this.#states.values()) disposeParameterState(state)
    this.#states.clear()
    this.#disposed = true
  }

  #pendingOf({ parameters }: ResolvedGroup<O>, gradients: Gradients): PendingUpdate[] {
    const pending: PendingUpdate[] = []
    for (const parameter of parameters) {
      const gradient = parameter.trainable ? gradients.get(parameter) : undefined
      if (!gradient) continue
      requireGradient(parameter, gradient)
      pending.push({ parameter, gradient })
    }
    return pending
  }

  /** One call where all parameters have had as many updates, which is always but for those that joined later. */
  #updateGroup(group: ResolvedGroup<O>, pending: readonly PendingUpdate[], options: UpdateOptions): void {
    const byUpdates = new Map<number, PendingUpdate[]>()
    for (const update of pending) {
      const updates = this.#states.get(update.parameter)?.updates ?? 0
      const alike = byUpdates.get(updates)
      if (alike) alike.push(update)
      else byUpdates.set(updates, [update])
    }
    for (const [updates, alike] of byUpdates) {
      // Composed updates go one by one: old values are freed as new ones come, so that the peak is one parameter's.
      const calls = hasKernel(this.#rule.kernel) ? [alike] : alike.map((update) => [update])
      for (const call of calls) this.#update(group, call, updates + 1, options)
    }
  }

  #update(group: ResolvedGroup<O>, pending: readonly PendingUpdate[], step: number, update: UpdateOptions): void {
    const slots = this.#rule.slots(group.options)
    const states: ParameterState[] = []
    const entries: UpdateEntry[] = []
    const context = { ...update, options: group.options, learningRate: group.learningRate, step }
    try {
      for (const { parameter, gradient } of pending) {
        const state = this.#states.get(parameter) ?? this.#newState(parameter, slots)
        states.push(state)
        entries.push(Object.assign({ parameter: parameter.value, gradient }, state.slots))
      }
      const values = this.#rule.update(entries, context) as readonly UpdateEntry[]
      for (const [index, { parameter }] of pending.entries()) {
        const state = states[index] as ParameterState
        const value = values[index] as UpdateEntry
        commitUpdate(state, value)
        this.#states.set(parameter, state)
        if (value.parameter !== parameter.value) parameter.assign(value.parameter)
      }
    } catch (error) {
      for (const state of states) if (state.updates === 0) disposeParameterState(state)
      throw error
    }
  }

  #newState(parameter: Parameter, slots: readonly string[]): ParameterState {
    // Variables that were made of one tensor share its data: an update in place would change them all, and the tensor.
    if (hasKernel(this.#rule.kernel) && sharesData(parameter.value)) {
      parameter.assign(keep(tidy(() => copy(parameter.value))))
    }
    return newParameterState(parameter, slots)
  }

  #replaceStates(states: ReadonlyMap<Parameter, ParameterState>): void {
    for (const { slots } of states.values()) {
      // An update in place would go through to whoever else holds the data.
      for (const slot in slots) slots[slot] = keep(ownData(slots[slot] as Tensor))
    }
    const kept = new Set([...states.values()].flatMap(({ slots }) => Object.values(slots)))
    for (const { slots } of this.#states.values()) {
      for (const value of Object.values(slots)) if (!kept.has(value)) value.dispose()
    }
    this.#states.clear()
    for (const [parameter, state] of states) this.#states.set(parameter, state)
  }

  #requireAlive(): void {
    if (!this.#disposed) return
    throw new LevinError('LEVIN_DISPOSED', {
      message: `This ${this.name} has been disposed.`,
      remedy: 'Make a new one for a new run.',
    })
  }
}

/** The tensor, or one with data of its own in its place. */
function ownData(value: Tensor): Tensor {
  if (!sharesData(value)) return value
  const own = tidy(() => copy(value))
  value.dispose()
  return own
}

function requireGradient(parameter: Parameter, gradient: Tensor): void {
  const { shape } = parameter.value
  const fits = gradient.shape.length === shape.length && gradient.shape.every((size, axis) => size === shape[axis])
  if (fits && gradient.dtype === 'float32' && !gradient.isDisposed) return
  throw new LevinError('LEVIN_SHAPE', {
    message: `The gradient of '${parameter.path}' does not fit.`,
    expected: `a float32 tensor of shape [${shape.join(', ')}]`,
    found: `${describe(gradient)}${gradient.isDisposed ? ' that has been disposed' : ''}`,
  })
}

function checkUpdateOptions(name: string, { gradientScale, clipValue }: UpdateOptions): void {
  if (clipValue !== undefined && !(Number.isFinite(clipValue) && clipValue > 0)) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option \`clipValue\` of ${name}.step is wrong.`,
      expected: 'a finite number above 0',
      found: describe(clipValue),
    })
  }
  // A NaN passes, as in PyTorch: it is the norm of gradients that are not finite, which the run reports itself.
  if (gradientScale === undefined || typeof gradientScale === 'number') return
  if (typeof gradientScale === 'object' && gradientScale?.rank === 0 && gradientScale.dtype === 'float32') return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The option \`gradientScale\` of ${name}.step is wrong.`,
    expected: 'a number or a float32 scalar tensor',
    found: describe(gradientScale),
  })
}
