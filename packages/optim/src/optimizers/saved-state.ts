import { describe, LevinError, type OptimizerSlot, type OptimizerState, type Parameter } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { CommonOptions, ResolvedGroup } from '../parameter-groups.js'
import type { ParameterState } from './parameter-state.js'
import type { UpdateRule } from './update-rule.js'

/** The JSON of an optimizer's state. Keyed by path and by group name, so that neither order nor position matters. */
export interface SavedState extends OptimizerState {
  /** Updates so far, by parameter path. A parameter that never had a gradient is not in it. */
  readonly updates: Readonly<Record<string, number>>
  /** The learning rates in force, by group name. */
  readonly learningRates: Readonly<Record<string, number>>
}

/** What a saved state comes to for the optimizer at hand. */
export interface LoadPlan {
  readonly states: ReadonlyMap<Parameter, ParameterState>
  readonly learningRates: readonly number[]
}

export function saveState<O extends CommonOptions>(
  name: string,
  groups: readonly ResolvedGroup<O>[],
  states: ReadonlyMap<Parameter, ParameterState>,
): SavedState {
  requirePaths(name, states.keys())
  return {
    name,
    updates: Object.fromEntries([...states].map(([{ path }, { updates }]) => [path, updates])),
    learningRates: Object.fromEntries(groups.map((group) => [group.name, group.learningRate])),
  }
}

/**
 * Fits a saved state to an optimizer, and changes nothing.
 *
 * @throws LEVIN_CHECKPOINT_MISMATCH
 */
export function planLoad<O extends CommonOptions>(
  rule: UpdateRule<O>,
  groups: readonly ResolvedGroup<O>[],
  state: OptimizerState,
  slots: readonly OptimizerSlot[],
): LoadPlan {
  requireSavedState(rule.name, state)
  const parameters = groups.flatMap((group) => group.parameters)
  requirePaths(rule.name, parameters)
  const byPath = new Map(parameters.map((parameter) => [parameter.path, parameter]))
  const stranger = Object.keys(state.updates).find((path) => !byPath.has(path))
  if (stranger !== undefined) throw mismatch(`It has state for '${stranger}', which this ${rule.name} does not train.`)
  const given = sortSlots(rule.name, byPath, slots)
  const states = new Map<Parameter, ParameterState>()
  for (const { parameters, options } of groups) {
    for (const parameter of parameters) {
      const updates = state.updates[parameter.path] ?? 0
      const tensors = given.get(parameter) ?? {}
      requireSlots(parameter, updates, tensors, updates > 0 ? rule.slots(options) : [])
      if (updates > 0) states.set(parameter, { updates, slots: tensors })
    }
  }
  return { states, learningRates: groups.map(({ name }) => state.learningRates[name] ?? missingGroup(name, state)) }
}

function sortSlots(
  name: string,
  byPath: ReadonlyMap<string, Parameter>,
  slots: readonly OptimizerSlot[],
): Map<Parameter, Record<string, Tensor>> {
  const sorted = new Map<Parameter, Record<string, Tensor>>()
  for (const {
    parameter: { path },
    slot,
    value,
  } of slots) {
    // By path: the parameters of another build of the same module are other objects.
    const parameter = byPath.get(path)
    if (!parameter) throw mismatch(`It has '${slot}' for '${path}', which this ${name} does not train.`)
    // Without a prototype: the names come from a file.
    const tensors = sorted.get(parameter) ?? (Object.create(null) as Record<string, Tensor>)
    if (Object.hasOwn(tensors, slot)) throw mismatch(`It has '${slot}' of '${path}' twice.`)
    tensors[slot] = value
    sorted.set(parameter, tensors)
  }
  return sorted
}

function requireSlots(
  parameter: Parameter,
  updates: number,
  found: Readonly<Record<string, Tensor>>,
  expected: readonly string[],
): void {
  const { path, layout } = parameter
  const missing = expected.find((slot) => !Object.hasOwn(found, slot))
  if (missing !== undefined) throw mismatch(`It lacks '${missing}' of '${path}', which has had ${updates} updates.`)
  for (const [slot, { shape, dtype }] of Object.entries(found)) {
    if (!expected.includes(slot)) {
      const reason = updates > 0 ? 'is not kept with these options' : 'belongs to no update that it counts'
      throw mismatch(`It has '${slot}' of '${path}', which ${reason}.`)
    }
    if (dtype === 'float32' && shape.length === layout.shape.length && shape.every((n, i) => n === layout.shape[i]))
      continue
    throw mismatch(
      `'${slot}' of '${path}' is a ${dtype} tensor of shape [${shape.join(', ')}] in it, and float32 of [${layout.shape.join(', ')}] here.`,
    )
  }
}

function requireSavedState(name: string, state: OptimizerState): asserts state is SavedState {
  if (state?.name !== name) {
    throw mismatch(`It is of the optimizer ${describe(state?.name)}, this one is '${name}'.`)
  }
  const { updates, learningRates } = state
  const bad = firstOther(updates, isCount)
  if (bad) throw mismatch(`Its \`updates\` should be counts by parameter path, but ${bad}.`)
  const badRate = firstOther(learningRates, Number.isFinite)
  if (badRate) throw mismatch(`Its \`learningRates\` should be numbers by group name, but ${badRate}.`)
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0

function firstOther(record: unknown, accepts: (value: unknown) => boolean): string | undefined {
  if (typeof record !== 'object' || record === null) return `are ${describe(record)}`
  const wrong = Object.entries(record).find(([, value]) => !accepts(value))
  return wrong && `'${wrong[0]}' is ${describe(wrong[1])}`
}

function missingGroup(name: string, { learningRates }: SavedState): never {
  const names = Object.keys(learningRates).map((each) => `'${each}'`)
  throw mismatch(`It has no parameter group '${name}'; its groups are ${names.join(', ') || 'none'}.`)
}

/** State is found again by path alone, so that every parameter needs one, and one of its own. */
function requirePaths(name: string, parameters: Iterable<Parameter>): void {
  const seen = new Set<string>()
  for (const { path, shape } of parameters) {
    if (path && !seen.has(path)) {
      seen.add(path)
      continue
    }
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: path
        ? `Two parameters of ${name} have the path '${path}', by which their state would be saved.`
        : `A parameter of ${name} of shape [${shape.join(', ')}] has no path, by which its state would be saved.`,
      remedy: 'Paths are given when a module is built: make the parameters fields of one module and build it.',
    })
  }
}

const mismatch = (message: string): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
    message: `The saved optimizer state does not fit. ${message}`,
    remedy:
      'Load it into an optimizer made as the one that was saved: same kind, same groups, same options, same module.',
  })
