import { type Rank, type ShapeMap, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { deriveKey, fillUniform, type RandomKey, type SliceLayout } from '../rng/index.js'

/** Random numbers of one layer in one step. */
export interface RandomStream {
  readonly key: RandomKey
  /** How a local tensor of this shape lies in the global one: its first axis is the samples of the window. */
  layout(shape: readonly number[], slice?: ShardSlice): SliceLayout
  /** Uniforms in [0, 1) on the device; the caller disposes them, or its tidy does. */
  uniform<R extends Rank>(shape: ShapeMap[R], slice?: ShardSlice): Tensor<R>
}

/** Where a tensor-parallel rank's part lies within the features, all axes but the first. */
export interface ShardSlice {
  readonly globalShape: readonly number[]
  readonly start: readonly number[]
}

export type DrawUniform = (key: RandomKey, layout: SliceLayout) => Tensor

/** Draws on the host and uploads: the same bits as any accelerator's own kernel. */
export const drawUniformOnHost: DrawUniform = (key, layout) => {
  const values = new Float32Array(layout.shape.reduce((product, size) => product * size, 1))
  fillUniform(values, key, layout)
  return tensor(values, [...layout.shape], 'float32')
}

/** What a stream is a function of. */
export interface RandomPosition {
  readonly seed: number
  readonly globalStep: number
  readonly firstSample: number
}

/** The stream of the `call`-th draw for `path` in a step. */
export function randomStream(position: RandomPosition, path: string, call: number, draw: DrawUniform): RandomStream {
  const key = deriveKey(position.seed, 'step', path, position.globalStep, call)
  // How many samples the window has is not known yet, and makes no difference: the axes after the first place a value.
  const layout = (shape: readonly number[], slice?: ShardSlice): SliceLayout =>
    shape.length === 0
      ? { globalShape: [], start: [], shape }
      : {
          globalShape: [Infinity, ...(slice?.globalShape ?? shape).slice(1)],
          start: [position.firstSample, ...(slice?.start ?? shape.map(() => 0)).slice(1)],
          shape,
        }
  return {
    key,
    layout,
    uniform: <R extends Rank>(shape: ShapeMap[R], slice?: ShardSlice) => draw(key, layout(shape, slice)) as Tensor<R>,
  }
}
