import { type MetricDefinition, type MetricState, untaped } from '@levin/core'
import { cast, concat, reshape, type Scalar, type Tensor, zeros } from '@tensorflow/tfjs-core'

/**
 * A metric's state of one batch. Nothing of it is recorded for gradients, and nothing but the state outlives the call:
 * that belongs to the caller's scope.
 */
export function measure(metric: MetricDefinition, compute: () => Tensor): MetricState {
  return { metric, state: untaped(compute) }
}

/** The state of a batch without samples. Kernels are not asked: several backends refuse tensors without elements. */
export const emptyState = ({ size }: MetricDefinition): Tensor => zeros([size])

/** Scalars or vectors, one after the other, as a state. */
export const joined = (parts: readonly (Scalar | Tensor)[]): Tensor =>
  concat(parts.map((part) => reshape(cast(part, 'float32'), [part.size])))

/** 0 where nothing was there to divide by, as scikit-learn's `zero_division=0`. */
export const ratio = (numerator: number, denominator: number): number =>
  denominator === 0 ? 0 : numerator / denominator

/**
 * One definition object per key, however often a step asks: a log tells metrics apart by their definitions. The keys are
 * the options of one program, so that the map stays small.
 */
export function memoised<A>(make: (options: A) => MetricDefinition): (options: A) => MetricDefinition {
  const known = new Map<string, MetricDefinition>()
  return (options) => {
    const key = JSON.stringify(options)
    const definition = known.get(key) ?? Object.freeze(make(options))
    known.set(key, definition)
    return definition
  }
}
