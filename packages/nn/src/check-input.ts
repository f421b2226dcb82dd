import { describe, type Layer, LevinError, layerName } from '@levin/core'
import { type DataType, Tensor } from '@tensorflow/tfjs-core'
import { remedyForNoTensor } from './no-tensor.js'

/** What a layer takes. A number is a size that must be met, a name stands for any size. */
export interface InputPattern {
  /** `['batch', 'height', 'width', 3]` */
  readonly axes: readonly (number | string)[]
  /** Whether any number of axes may come before them. Default `false`. */
  readonly leading?: boolean
  /** Default `'float32'`. */
  readonly dtype?: DataType | 'any'
}

/**
 * Refuses what a layer was not made for, before tfjs fails somewhere inside.
 *
 * @throws LEVIN_BATCH_SHAPE naming the layer
 */
export function checkInput(layer: Layer<never, unknown>, input: Tensor, pattern: InputPattern): void {
  const { axes, leading = false, dtype = 'float32' } = pattern
  if (!(input instanceof Tensor)) throw refuse(layer, input, pattern, remedyForNoTensor(input))
  if (!fits(input.shape, axes, leading)) throw refuse(layer, input, pattern, remedyFor(input.shape, axes))
  if (dtype !== 'any' && input.dtype !== dtype)
    throw refuse(layer, input, pattern, `Convert it with tf.cast(x, '${dtype}').`)
}

/** A refusal for a reason of the layer's own. */
export function refuseInput(
  layer: Layer<never, unknown>,
  input: unknown,
  expected: string,
  remedy: string,
): LevinError {
  return new LevinError('LEVIN_BATCH_SHAPE', {
    message: `${layerName(layer)} cannot take this input.`,
    expected,
    found: describe(input),
    remedy,
  })
}

// --- Internal helpers ---

function fits(shape: readonly number[], axes: readonly (number | string)[], leading: boolean): boolean {
  const skipped = shape.length - axes.length
  if (leading ? skipped < 0 : skipped !== 0) return false
  for (let axis = 0; axis < axes.length; axis++) {
    const size = axes[axis]
    if (typeof size === 'number' && size !== shape[skipped + axis]) return false
  }
  return true
}

function refuse(layer: Layer<never, unknown>, input: unknown, pattern: InputPattern, remedy: string): LevinError {
  const { axes, leading, dtype = 'float32' } = pattern
  const shape = [...(leading ? ['...'] : []), ...axes].join(', ')
  return refuseInput(layer, input, `a ${dtype === 'any' ? '' : `${dtype} `}tensor of shape [${shape}]`, remedy)
}

function remedyFor(shape: readonly number[], axes: readonly (number | string)[]): string {
  const features = shape.at(-1)
  const expected = axes.at(-1)
  if (shape.length >= axes.length && typeof expected === 'number' && features !== expected) {
    return `Make the layer for ${features} instead of ${expected}, or change what comes before it; flatten() joins all axes but the first.`
  }
  return shape.length === axes.length - 1
    ? 'An axis is missing (often the batch or the channels): add it with tf.expandDims.'
    : 'Reshape what goes in, or use a layer for this number of axes.'
}
