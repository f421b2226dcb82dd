import type { Parameter } from '@levin/core'

/** A group as {@link decayGroups} makes it. */
export interface DecayGroup {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly weightDecay: number
}

/**
 * Sorts parameters by whether weight decay should apply, which each parameter says itself (`parameter.decay`: weights
 * yes, biases and norms no). The usual first argument of `adamW` for transformers and convolutional networks.
 *
 * @returns the groups `decay` and `no decay`; one that would be empty is left out
 */
export function decayGroups(parameters: Iterable<Parameter>, { weightDecay }: { weightDecay: number }): DecayGroup[] {
  const all = [...parameters]
  return [
    { name: 'decay', parameters: all.filter(({ decay }) => decay), weightDecay },
    { name: 'no decay', parameters: all.filter(({ decay }) => !decay), weightDecay: 0 },
  ].filter((group) => group.parameters.length > 0)
}
