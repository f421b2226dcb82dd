import { assignPaths, engineMemory, Parameter, ParameterTree, values } from '@levin/core'
import { setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { expect } from 'vitest'
import { backend } from './backend.js'

await setBackend(backend.name)

/** Parameters by path in a tree, as a module would hold them. */
class Weights extends ParameterTree {
  constructor(readonly weights: Record<string, Parameter>) {
    super()
  }

  override children(): Iterable<readonly [string, unknown]> {
    return Object.entries(this.weights)
  }
}

/** Materialised parameters at the paths `p0`, `p1` … */
export function parametersOf(
  initial: readonly (readonly number[])[],
  shapes: readonly (readonly number[])[],
): Parameter[] {
  const list = initial.map((data, index) => new Parameter(shapes[index] ?? [data.length], values([...data])))
  assignPaths(new Weights(Object.fromEntries(list.map((parameter, index) => [`p${index}`, parameter]))))
  for (const parameter of list) parameter.materialise({ seed: 0 })
  return list
}

export function gradientsOf(
  parameters: readonly Parameter[],
  data: readonly (readonly number[] | null)[],
): Map<Parameter, Tensor> {
  const gradients = new Map<Parameter, Tensor>()
  for (const [index, parameter] of parameters.entries()) {
    const flat = data[index]
    if (flat) gradients.set(parameter, tensor([...flat], [...parameter.shape], 'float32'))
  }
  return gradients
}

export function disposeAll(tensors: Iterable<Tensor>): void {
  for (const each of tensors) each.dispose()
}

export const read = ({ value }: { value: Tensor }): number[] => [...value.dataSync<'float32'>()]

export const aliveTensors = (): number => engineMemory().tensors

/** Every element within `relative` of what was recorded, and a few units in the last place of the 1 it came from. */
export function expectClose(found: readonly number[], expected: readonly number[], relative = 1e-5): void {
  expect(found).toHaveLength(expected.length)
  for (const [index, value] of found.entries()) {
    const wanted = expected[index] as number
    const error = Math.abs(value - wanted)
    if (error <= relative * Math.abs(wanted) + 5e-7) continue
    expect.fail(`element ${index}: ${value} instead of ${wanted}, off by ${error / Math.abs(wanted)} relative`)
  }
}
