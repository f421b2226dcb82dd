import { LevinError, VariableParameter } from '@levin/core'
import type { Variable } from '@tensorflow/tfjs-core'
import { type LayersModelLike, leavesOf, type ModelLayer, type ModelWeight } from './model-types.js'
import { VariableBuffer } from './variable-buffer.js'

/** The weights of a model under paths that are the same in every process: `2.kernel` is the kernel of its third layer. */
export interface ModelWeights {
  readonly parameters: ReadonlyMap<string, VariableParameter>
  readonly buffers: ReadonlyMap<string, VariableBuffer>
}

/** @throws LEVIN_NOT_SUPPORTED for weights that only tfjs-layers' own optimizers can train */
export function weightsOf(model: LayersModelLike): ModelWeights {
  const parameters = new Map<string, VariableParameter>()
  const buffers = new Map<string, VariableBuffer>()
  const trained = new Set(model.trainableWeights)
  for (const [place, layer] of leavesOf(model)) {
    const state = stateOf(layer)
    const names = new Map<string, number>()
    for (const weight of layer.weights) {
      const path = `${place}.${uniqueName(weight, names)}`
      const variable = checked(path, layer, weight)
      if (state.has(weight)) {
        buffers.set(path, new VariableBuffer(variable))
        continue
      }
      const parameter = VariableParameter.of(variable)
      // A frozen layer does not always say so to its variables.
      parameter.trainable = trained.has(weight)
      parameters.set(path, parameter)
    }
  }
  return { parameters, buffers }
}

// --- Internal helpers ---

/** What a layer keeps that no gradient changes, whether the layer is frozen or not. */
function stateOf(layer: ModelLayer): ReadonlySet<ModelWeight> {
  const flags = layer.weights.map((weight) => [weight, weight.trainable] as const)
  const wasTrainable = layer.trainable
  // A frozen layer counts all of its weights among these.
  layer.trainable = true
  const state = new Set(layer.nonTrainableWeights)
  layer.trainable = wasTrainable
  for (const [weight, trainable] of flags) {
    weight.trainable = trainable
    // One weight that was frozen by itself is no state.
    if (state.has(weight) && trainable) state.delete(weight)
  }
  return state
}

function uniqueName({ originalName }: ModelWeight, names: Map<string, number>): string {
  const name = originalName.slice(originalName.lastIndexOf('/') + 1)
  const count = (names.get(name) ?? 0) + 1
  names.set(name, count)
  return count === 1 ? name : `${name}_${count}`
}

function checked(path: string, layer: ModelLayer, weight: ModelWeight): Variable {
  const value = weight.read() as Variable
  if (value.dtype !== 'float32') {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `Weight '${path}' (layer '${layer.name}') cannot be trained.`,
      expected: 'weights of dtype float32',
      found: value.dtype,
    })
  }
  if (weight.constraint != null) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `Weight '${path}' (layer '${layer.name}') has a constraint, which only tfjs-layers' own fit() applies.`,
      remedy: 'Make the model without constraints.',
    })
  }
  return value
}
