import type { Scalar, Tensor } from '@tensorflow/tfjs-core'

/**
 * What is used of `@tensorflow/tfjs-layers`, by shape: its `tf.LayersModel` is a {@link LayersModelLike}, and nothing
 * here needs the package to be installed.
 */
export interface LayersModelLike extends ModelLayer {
  readonly layers: readonly ModelLayer[]
  /** Absent until a model without an input shape is built. */
  readonly inputs?: readonly unknown[]
  apply(inputs: unknown, kwargs?: Record<string, unknown>): unknown
}

export interface ModelLayer {
  readonly name: string
  trainable: boolean
  readonly stateful: boolean
  readonly weights: readonly ModelWeight[]
  readonly trainableWeights: readonly ModelWeight[]
  readonly nonTrainableWeights: readonly ModelWeight[]
  getClassName(): string
  getConfig(): object
  /** The values of the weights' regularizers. */
  calculateLosses(): Scalar[]
  call(inputs: Tensor | Tensor[], kwargs: Record<string, unknown>): Tensor | Tensor[]
}

export interface ModelWeight {
  /** `dense_Dense1/kernel`: unique in the process and so not the same twice. */
  readonly originalName: string
  trainable: boolean
  readonly constraint?: unknown
  /** The `tf.Variable` itself, although its type does not say so. */
  read(): Tensor
}

/** The layers of a model and of the models within it, each with the path of its place. */
export function leavesOf(model: { readonly layers: readonly ModelLayer[] }, path = ''): [path: string, ModelLayer][] {
  return model.layers.flatMap((layer, place) => {
    const own = path ? `${path}.${place}` : String(place)
    return isModel(layer) ? leavesOf(layer, own) : [[own, layer] as [string, ModelLayer]]
  })
}

const isModel = (layer: ModelLayer): layer is LayersModelLike =>
  Array.isArray((layer as Partial<LayersModelLike>).layers)
