import type { Tensor } from '@tensorflow/tfjs-core'
import { withoutStep } from './layer-errors.js'
import { ParameterTree } from './parameter-tree.js'
import type { StepContext } from './step/step-context.js'

/**
 * A Layer is a part of a model that turns an input into an output. It implements {@link compute}; everybody calls
 * {@link forward}, which goes through `step.call`, the one place where recompute, sharding, cuts and profiling see it.
 */
export abstract class Layer<I = Tensor, O = Tensor> extends ParameterTree {
  forward(input: I, step: StepContext): O {
    // A check and no more: whoever comes from elsewhere leaves the step out, and plain JavaScript says nothing.
    if (step === undefined) throw withoutStep(this)
    return step.call(this, input)
  }

  /** The work itself. Called by `step.call` only. Synchronous; reads nothing back. */
  abstract compute(input: I, step: StepContext): O

  /** For the summary and for errors. Default: the class name. */
  describe(): string {
    return this.constructor.name
  }
}
