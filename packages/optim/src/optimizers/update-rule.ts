import type { UpdateOptions } from '@levin/core'
import type { KernelName } from '@levin/ops'
import type { Tensor } from '@tensorflow/tfjs-core'
import type { CommonOptions, GroupRules } from '../parameter-groups.js'

/** A parameter's value with its gradient and its state, under the names of the rule's slots. */
export interface UpdateEntry {
  readonly parameter: Tensor
  readonly gradient: Tensor
  readonly [slot: string]: Tensor
}

/** What all entries of one update have in common. */
export interface UpdateContext<O> extends UpdateOptions {
  readonly options: O
  readonly learningRate: number
  /** How many updates these parameters will have had after this one. */
  readonly step: number
}

/**
 * What tells one optimizer from another: its options, the tensors it keeps for each parameter, and one multi-tensor
 * update. Everything else is the same for all of them.
 */
export interface UpdateRule<O extends CommonOptions> extends GroupRules<O> {
  /** The kernel that does all entries in one call, where the backend has it. */
  readonly kernel: KernelName
  /** The tensors kept for a parameter, each of its shape and zero before the first update. */
  slots(options: O): readonly string[]
  /** New values by name. Changed in place they are the same objects; otherwise kept tensors that become the caller's. */
  update(entries: readonly UpdateEntry[], context: UpdateContext<O>): readonly object[]
}
