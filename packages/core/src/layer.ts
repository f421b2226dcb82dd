import type { Tensor } from '@tensorflow/tfjs-core'
import { unknownStyle, withoutStep } from './layer-errors.js'
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

  /**
   * Whether its result in training depends on the other samples of the batch. `'replicas'`: it asks `step.replicas` for the
   * parts of other workers; `'part'`: it takes its own part for the whole, which is announced where there are several workers.
   * Default `'none'`: every sample stands for itself.
   */
  get spansBatch(): 'none' | 'replicas' | 'part' {
    return 'none'
  }

  /**
   * Lets several ranks compute it together from now on, each with a part of its parameters (tensor parallelism). Called by plans,
   * before parameters have values. Layers that can say how; the others refuse.
   *
   * @param style how, such as `'column'` and `'row'`
   * @throws LEVIN_NOT_SUPPORTED for a style that the layer does not know
   */
  share(style: string): void {
    throw unknownStyle(this, style, [])
  }

  /**
   * The layers that it runs one after the other, each on what the one before it gives, and nothing else: where a pipeline may cut.
   * Absent: it is one piece.
   */
  get chain(): readonly Layer<never, unknown>[] | undefined {
    return undefined
  }

  /** For the summary and for errors. Default: the class name. */
  describe(): string {
    return this.constructor.name
  }
}
