import { keep, type Parameter } from '@levin/core'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'

/** What an optimizer keeps for one parameter. */
export interface ParameterState {
  /** Updates so far. Counted per parameter, as PyTorch does: one that was frozen at first starts at 1 when it joins. */
  readonly updates: number
  readonly slots: ReadonlyMap<string, Tensor>
}

/** A state before the first update: zeros. */
export function newParameterState(parameter: Parameter, slots: readonly string[]): ParameterState {
  const tensors = new Map<string, Tensor>()
  const state = { updates: 0, slots: tensors }
  try {
    for (const slot of slots) tensors.set(slot, keep(zeros([...parameter.value.shape])))
  } catch (error) {
    disposeParameterState(state)
    throw error
  }
  return state
}

export function disposeParameterState({ slots }: ParameterState): void {
  for (const tensor of slots.values()) tensor.dispose()
}
