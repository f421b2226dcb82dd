import { keep, type Parameter } from '@levin/core'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'

/** What an optimizer keeps for one parameter. */
export interface ParameterState {
  /** Updates so far. Counted per parameter, as PyTorch does: one that was frozen at first starts at 1 when it joins. */
  updates: number
  readonly slots: Record<string, Tensor>
}

/** A state before the first update: zeros. */
export function newParameterState(parameter: Parameter, slots: readonly string[]): ParameterState {
  const state: ParameterState = { updates: 0, slots: {} }
  try {
    for (const slot of slots) state.slots[slot] = keep(zeros([...parameter.value.shape]))
  } catch (error) {
    disposeParameterState(state)
    throw error
  }
  return state
}

/** Counts an update and takes over what it made. What was changed in place is the same tensor before and after. */
export function commitUpdate(state: ParameterState, values: Readonly<Record<string, Tensor>>): void {
  state.updates++
  for (const slot in state.slots) {
    const old = state.slots[slot] as Tensor
    const value = values[slot] as Tensor
    if (value === old) continue
    old.dispose()
    state.slots[slot] = value
  }
}

export function disposeParameterState({ slots }: ParameterState): void {
  for (const slot in slots) slots[slot]?.dispose()
}
