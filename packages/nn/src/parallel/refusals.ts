import { type Layer, LevinError, layerName, type StepContext, type TensorRanks } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { refuseInput } from '../check-input.js'
import { partOf } from './feature-part.js'

type AnyLayer = Layer<never, unknown>

/**
 * Refuses a layer that computes across positions, where a rank has a stretch of them.
 *
 * @throws LEVIN_NOT_SUPPORTED
 */
export function requireWholeSequence(layer: AnyLayer, x: Tensor, step: StepContext): void {
  const { sequence } = step.sharing ?? {}
  if (sequence === undefined || x.rank !== 3) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${layerName(layer)} computes across the positions of a sequence, of which this rank has a stretch alone.`,
    expected: 'all of a sequence',
    found: `stretch ${sequence.index} of ${sequence.count}`,
    remedy: 'Train without dividing sequences: no context axis, and no sequence parallelism of the tensor axis.',
  })
}

/**
 * Refuses whole sequences, as a gathered column layer gives them, where a layer works on this rank's stretch: the gradients of its
 * parameters, or of what it gathers, would be counted once per rank.
 *
 * @throws LEVIN_NOT_SUPPORTED
 */
export function requireStretch(layer: AnyLayer, x: Tensor, step: StepContext): void {
  if (!step.sharing?.tensor?.splitsSequence || partOf(x) === undefined) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${layerName(layer)} was given whole sequences, as a layer that is shared as 'gatheredColumn' gives them.`,
    expected: "this rank's stretch of them, or nothing but a loss behind such a layer",
    found: `[${x.shape.join(', ')}]`,
    remedy: "Share the layers as 'column' and 'row', or turn sequence parallelism off.",
  })
}

/**
 * Refuses what has no time axis, where entering and leaving a shared layer gathers and divides it.
 *
 * @throws LEVIN_BATCH_SHAPE
 */
export function requireTimeAxis(layer: AnyLayer, x: Tensor, least: number, { splitsSequence }: TensorRanks): void {
  if (!splitsSequence || x.rank >= least) return
  const expected = `[batch, time${least > 2 ? ', …, features' : ''}], since sequences are divided among the ranks`
  throw refuseInput(layer, x, expected, 'Turn sequence parallelism off, or take the layer out of the plan.')
}

/**
 * The same for whoever enters and leaves by themselves.
 *
 * @throws LEVIN_SHAPE
 */
export function requireActivations({ shape }: Tensor, { splitsSequence }: TensorRanks): void {
  if (!splitsSequence || shape.length >= 3) return
  throw new LevinError('LEVIN_SHAPE', {
    message: 'What ranks compute together has no axis along which sequences could be divided.',
    expected: 'activations [batch, time, …]',
    found: `[${shape.join(', ')}]`,
    remedy: 'Turn sequence parallelism off, or keep batch and time apart.',
  })
}

/**
 * Refuses a function along the last axis, of which ranks have parts.
 *
 * @throws LEVIN_NOT_SUPPORTED
 */
export const refuseParted = (layer: AnyLayer): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${layerName(layer)} needs all features, of which each rank has a part here.`,
    expected: 'functions of single elements between a column and a row layer',
    found: 'a function along the last axis',
    remedy: "Share the layer before it as 'gatheredColumn', or take both layers out of the plan.",
  })
