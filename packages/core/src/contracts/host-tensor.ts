import type { DataType, Rank, Tensor } from '@tensorflow/tfjs-core'

export type NumericData = Float32Array | Int32Array | Uint8Array

/** dtypes that levin moves between host and device. `bool` is held in a `Uint8Array`. */
export type NumericType = Extract<DataType, 'float32' | 'int32' | 'bool'>

/**
 * A tensor on the host: what a loader yields, and what an accelerator uploads. Images are
 * `[batch, height, width, channels]`.
 */
export interface HostTensor<R extends Rank = Rank> {
  readonly data: NumericData
  readonly shape: readonly number[]
  readonly dtype: NumericType
  /** Carries the rank in the type only. */
  readonly rank?: R
}

/**
 * A tensor in the making: memory of the device that the host fills, and that `Accelerator.upload` makes a tensor of without
 * a copy. Whoever staged it uploads it, once, or releases it.
 */
export interface StagedTensor extends HostTensor {
  /**
   * The memory, to be filled whole: what is in it at first is undefined. It may move whenever memory of the device is
   * taken, and an array from before is dead then: ask again rather than keep it. Empty once uploaded or released.
   */
  readonly data: NumericData
  /** Gives the memory back. Does nothing after an upload, since the memory is the tensor's then. */
  release(): void
}

/**
 * Gives memory for a tensor of a batch that is about to be made; `undefined` where ordinary memory is better. What it gives
 * may be a {@link StagedTensor}: fill what you asked for before you ask for more, or ask it for its `data` again.
 */
export type Staging = (shape: readonly number[], dtype: NumericType) => HostTensor | undefined

/** Whether a value is a {@link HostTensor}. Tensors of tfjs are not: they have no `data` array. */
export function isHostTensor(value: unknown): value is HostTensor {
  if (typeof value !== 'object' || value === null || !('data' in value) || !('shape' in value)) return false
  return ArrayBuffer.isView(value.data) && Array.isArray(value.shape)
}

/** A host tensor from data that is laid out row by row. The dtype follows the array's type; the rank is taken on trust. */
export function hostTensor<R extends Rank = Rank>(data: NumericData, shape: readonly number[]): HostTensor<R> {
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool'
  return { data, shape, dtype }
}

/** Objects that are one value, not a structure of values. */
type Opaque = ArrayBufferView | ArrayBuffer | Date | ((...parameters: never) => unknown)

/** What a batch becomes on the device: every {@link HostTensor} in it a `Tensor`, everything else as it is. */
export type OnDevice<B> =
  B extends HostTensor<infer R>
    ? Tensor<R>
    : B extends Tensor
      ? B
      : B extends Opaque
        ? B
        : B extends object
          ? { [K in keyof B]: OnDevice<B[K]> }
          : B

/** A batch as a loader may yield it for steps that take `B`: each tensor may still be on the host. */
export type OnHost<B> =
  B extends Tensor<infer R>
    ? B | HostTensor<R>
    : B extends Opaque
      ? B
      : B extends object
        ? { [K in keyof B]: OnHost<B[K]> }
        : B
