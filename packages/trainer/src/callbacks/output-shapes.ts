import { type CallInterceptor, inferenceStep, isTensor, type Module, type ParameterTree } from '@levin/core'
import { tidy, zeros } from '@tensorflow/tfjs-core'

/**
 * The output shape of every layer, found by running the module's `exampleInput` through it; empty without one, and where a rank
 * holds parts of parameters, which it cannot run alone.
 */
export function outputShapes(module: Module): ReadonlyMap<ParameterTree, string> {
  const shapes = new Map<ParameterTree, string>()
  const { exampleInput } = module
  if (!exampleInput || module.parameters().some(({ shard }) => shard !== undefined)) return shapes
  const intercept: CallInterceptor = (layer, input, _step, next) => {
    const output = next(input)
    if (isTensor(output)) shapes.set(layer as ParameterTree, `[${output.shape.join(', ')}]`)
    return output
  }
  tidy(() => void module.forward(zeros([...exampleInput]), inferenceStep({ intercept })))
  return shapes
}
