import { Layer, LevinError, type StepContext, untaped } from '@levin/core'
import { addN, clone, type Scalar, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { badOption } from '../options.js'
import { type DropoutLayer, dropoutsOf, unkeyedLayer, withKeyedDropout } from './model-dropout.js'
import { type LayersModelLike, leavesOf } from './model-types.js'
import { type ModelWeights, weightsOf } from './model-weights.js'
import type { VariableBuffer } from './variable-buffer.js'

type Value = Tensor | Tensor[]

/** A tfjs-layers model as a layer. Made by {@link fromLayersModel}. */
export class LayersModelLayer<I extends Value = Tensor, O extends Value = Tensor> extends Layer<I, O> {
  readonly model: LayersModelLike
  readonly #weights: ModelWeights
  readonly #buffers: readonly VariableBuffer[]
  readonly #dropouts: readonly DropoutLayer[]
  readonly #unkeyed: string | undefined

  constructor(model: LayersModelLike) {
    super()
    if (!model?.layers || !model.inputs?.length) {
      throw badOption(
        'fromLayersModel',
        'model',
        'a tf.LayersModel that is built',
        model,
        'Give its first layer an inputShape.',
      )
    }
    const stateful = leavesOf(model).find(([, layer]) => layer.stateful)
    if (stateful) {
      throw new LevinError('LEVIN_NOT_SUPPORTED', {
        message: `Layer '${stateful[1].name}' is stateful: what it remembers would survive a step that was aborted.`,
        remedy: 'Make it without stateful: true, and feed whole sequences.',
      })
    }
    this.model = model
    this.#weights = weightsOf(model)
    this.#buffers = [...this.#weights.buffers.values()]
    this.#dropouts = dropoutsOf(model)
    this.#unkeyed = unkeyedLayer(model)
  }

  override *children(): Iterable<readonly [name: string, child: unknown]> {
    yield* this.#weights.parameters
    yield* this.#weights.buffers
  }

  /** Its batch norm knows of its own part of a batch alone. */
  override get spansBatch(): 'none' | 'part' {
    return this.#buffers.length > 0 ? 'part' : 'none'
  }

  compute(input: I, step: StepContext): O {
    if (step.training && this.#unkeyed) throw refuseRandom(this.#unkeyed)
    return withKeyedDropout(this.#dropouts, this.path, step, () =>
      this.#withBuffers(step, () => this.model.apply(input, { training: step.training }) as O),
    )
  }

  /** The sum of the weights' regularizers, which `fit()` of tfjs-layers adds to the loss and a training step must add itself. */
  regularizationLoss(): Scalar {
    return tidy(() => {
      // A tf.sequential knows none of its own: they are its layers'.
      const leaves = new Set(leavesOf(this.model).map(([, layer]) => layer))
      const losses = [...leaves].flatMap((layer) => layer.calculateLosses())
      return losses.length > 0 ? (addN(losses) as Scalar) : scalar(0)
    })
  }

  override describe(): string {
    return `LayersModel(${this.model.name})`
  }

  /**
   * Runs `f` on the moving averages as this window has left them. The model's layers write to their variables at once;
   * so what they wrote becomes an update of the window, and the variables get back what they held.
   */
  #withBuffers(step: StepContext, f: () => O): O {
    if (this.#buffers.length === 0) return f()
    const committed = this.#buffers.map(({ variable }) => untaped(() => clone(variable)))
    try {
      for (const buffer of this.#buffers) {
        const current = step.read(buffer)
        if (current !== buffer.variable) buffer.variable.assign(current)
      }
      const output = f()
      if (step.training) untaped(() => this.#buffers.forEach((buffer) => void step.update(buffer, buffer.variable)))
      return output
    } finally {
      this.#buffers.forEach(({ variable }, i) => {
        const value = committed[i] as Tensor
        variable.assign(value)
        value.dispose()
      })
    }
  }
}

/**
 * A model of tfjs-layers (`tf.sequential`, `tf.model`, `tf.loadLayersModel`) as a layer. Its variables are the layer's
 * parameters and are shared with it; `dispose` frees them.
 *
 * In training, its moving averages change when the window ends, like other buffers, and its dropout draws from the step.
 * Regularizers count only where a step adds {@link LayersModelLayer.regularizationLoss}. Initial values are tfjs-layers'
 * own: no function of the seed, and not shardable.
 *
 * @typeParam I an array for a model of several inputs
 * @typeParam O an array for a model of several outputs
 * @throws LEVIN_NOT_SUPPORTED for constraints, stateful layers, weights that are no floats; in training for other random
 * layers than dropout
 */
export const fromLayersModel = <I extends Value = Tensor, O extends Value = Tensor>(
  model: LayersModelLike,
): LayersModelLayer<I, O> => new LayersModelLayer<I, O>(model)

// --- Internal helpers ---

const refuseRandom = (layer: string): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `Layer ${layer} of the tfjs-layers model draws random numbers that no seed of a run determines.`,
    expected: 'tf.layers.dropout without noiseShape as the only random layer',
    remedy: 'Replace it, or build that part of the model of @levin/nn layers.',
  })
