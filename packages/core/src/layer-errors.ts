import type { Tensor } from '@tensorflow/tfjs-core'
import { isTensor } from './engine.js'
import { describe, LevinError } from './errors.js'
import type { Layer } from './layer.js'
import type { StepContext } from './step/step-context.js'
import { StepExit } from './step/step-exit.js'

/** Runs a layer; an error from within names the innermost layer and its input. */
export function callLayer<I, O>(layer: Layer<I, O>, input: I, step: StepContext): O {
  try {
    return layer.compute(input, step)
  } catch (error) {
    // The innermost layer has named itself already; and a step that is left is no failure of its layers.
    if (LevinError.isInstance(error) || StepExit.isInstance(error)) throw error
    if (isTensor(input) && input.isDisposed) throw disposedInput(layer, input)
    const reason = error instanceof Error ? error.message : String(error)
    throw new LevinError('LEVIN_BATCH_SHAPE', {
      message: `${layerName(layer)} failed on ${describe(input)}: ${/[.!?]$/.test(reason) ? reason : `${reason}.`}`,
      remedy: 'Check that what goes in has the shape that this layer was made for.',
      cause: error,
    })
  }
}

const disposedInput = <I, O>(layer: Layer<I, O>, input: Tensor): LevinError =>
  new LevinError('LEVIN_DISPOSED', {
    message: `${layerName(layer as Layer<unknown, unknown>)} got ${describe(input)} that has been disposed.`,
    remedy:
      'Look for a dispose() that comes too early, or a tensor that was kept out of the tidy or step that made it.',
  })

/** The step carries mode, random numbers and buffers: a layer cannot do without. */
export const withoutStep = (layer: Layer<never, unknown> | Layer<unknown, unknown>): LevinError =>
  new LevinError('LEVIN_INVALID_MODULE', {
    message: `${layerName(layer)} was called without the step.`,
    expected: 'forward(input, step)',
    found: 'forward(input)',
    remedy: 'Hand on the step that trainingStep() got; outside of training, inferenceStep() of @levin/core makes one.',
  })

/** @param known what it could do */
export const unknownStyle = (
  layer: Layer<never, unknown> | Layer<unknown, unknown>,
  style: string,
  known: readonly string[],
): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${layerName(layer)} cannot be shared as '${style}'.`,
    expected:
      known.length > 0
        ? `one of ${known.map((each) => `'${each}'`).join(', ')}`
        : 'a layer that ranks can compute together',
    found: `'${style}'`,
    remedy: 'Name another layer or style in the plan. A layer of your own takes part by a method share(style).',
  })

/** `'net.3' (Linear(784 → 10))` */
export const layerName = (layer: Layer<never, unknown> | Layer<unknown, unknown>): string =>
  layer.path ? `'${layer.path}' (${layer.describe()})` : layer.describe()
