import { describe, LevinError, type Module, type TrainingOutput, type WeightedLoss } from '@levin/core'
import { type Scalar, Tensor } from '@tensorflow/tfjs-core'

/**
 * Checks what a training step returned.
 *
 * @throws LEVIN_ASYNC_STEP, LEVIN_INVALID_LOSS
 */
export function weightedLoss(output: TrainingOutput | void, samples: number, module: Module): WeightedLoss {
  const { loss, weight } = output instanceof Tensor || !isWeighted(output) ? { loss: output, weight: samples } : output
  if (!(loss instanceof Tensor) || loss.rank !== 0 || loss.dtype !== 'float32') throw invalidLoss(module, loss)
  if (typeof weight !== 'number' || !Number.isFinite(weight) || weight < 0) {
    throw new LevinError('LEVIN_INVALID_LOSS', {
      message: `The weight that ${module.constructor.name}.trainingStep() returned cannot be used.`,
      expected: 'a finite number of at least 0',
      found: describe(weight),
    })
  }
  return { loss: loss as Scalar, weight }
}

const isWeighted = (output: unknown): output is { loss: Scalar; weight: number } =>
  typeof output === 'object' && output !== null && 'loss' in output && 'weight' in output

/** Refuses a step that returned a promise: its tensors are freed before it goes on. */
export function requireSynchronous(output: unknown, module: Module, method: string): void {
  if (typeof (output as PromiseLike<unknown> | undefined)?.then !== 'function')
    return // What the promise comes to is of no interest any more, and must not end the process.
  ;(output as Promise<unknown>).then(undefined, () => {})
  throw new LevinError('LEVIN_ASYNC_STEP', {
    message: `${module.constructor.name}.${method}() is async.`,
    remedy:
      'Make it synchronous: tfjs frees the tensors of a step at the first await. Load and prepare data in the loader.',
  })
}

function invalidLoss(module: Module, found: unknown): LevinError {
  const isTensor = found instanceof Tensor
  return new LevinError('LEVIN_INVALID_LOSS', {
    message: `${module.constructor.name}.trainingStep() returned no loss.`,
    expected: 'a scalar float32 tensor, or { loss, weight }',
    found: describe(found),
    remedy: isTensor ? 'Reduce it to one number, for example by tf.mean().' : 'Return the loss from trainingStep().',
  })
}

/** @param tag as of {@link lossTag} */
export function nonFiniteLoss(tag: number, value: number | undefined): LevinError {
  const { globalStep, batchIndex } = readLossTag(tag)
  return new LevinError('LEVIN_NON_FINITE_LOSS', {
    message: `The loss became ${value === undefined ? 'NaN or infinite' : value} at step ${globalStep}, batch ${batchIndex} of its epoch.`,
    remedy:
      'Lower the learning rate, clip gradients (gradientClipVal), or look for a division by zero, log(0) or labels beyond the classes in the step.',
  })
}

// Both counters in one double: exact below 2^53.
const BATCHES = 2 ** 24
export const lossTag = (globalStep: number, batchIndex: number): number => globalStep * BATCHES + batchIndex
const readLossTag = (tag: number) => ({ globalStep: Math.floor(tag / BATCHES), batchIndex: tag % BATCHES })
