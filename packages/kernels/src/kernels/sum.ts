import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { aroundRun, axesOf, reducedShape, runsOf } from '../reduction.js'
import { byParts, hasComplex } from './complex-by-parts.js'

const complexSum = byParts('Sum')

/** Reduces one run of axes: addresses of input and output, and the sizes before, of and after the run. */
type ReduceRun = (x: number, out: number, outer: number, reduced: number, inner: number) => unknown

/** Reduces a float32 tensor over any axes, run by run, in a new tensor. */
export function reduceRuns(call: KernelCall, axis: unknown, reduce: ReduceRun): TensorInfo {
  const { runtime, attrs } = call
  const x = input(call, 'x')
  const axes = axesOf(x, axis)
  // Without axes it is a copy, which the reduction of an axis of length 1 makes.
  const runs = axes.length === 0 ? [[]] : runsOf(axes)
  let value: TensorInfo = x
  for (const run of runs) {
    const from: TensorInfo = value
    const out = runtime.output(reducedShape(from.shape, run, false), 'float32')
    reduce(runtime.address(from), runtime.address(out), ...aroundRun(from.shape, run))
    if (from !== x) runtime.dispose(from)
    value = out
  }
  return { ...value, shape: reducedShape(x.shape, axes, attrs['keepDims'] === true) }
}

function sumAxes(call: KernelCall): TensorInfo {
  const { runtime, attrs } = call
  return reduceRuns(call, attrs['axis'], (x, out, outer, reduced, inner) => {
    runtime.wasm.sumAxes(x, out, outer, reduced, inner, runtime.workspace(inner * 4))
  })
}

export const sum: KernelDefinition = {
  name: 'Sum',
  gain: 'over any axes without a transpose first (the gradient of every bias); complex64 too',
  handles: (inputs) => hasComplex(inputs) || inputs['x']?.dtype === 'float32',
  compute: (call) => (hasComplex(call.inputs) ? complexSum.compute(call) : sumAxes(call)),
}

export const mean: KernelDefinition = {
  name: 'Mean',
  gain: 'over any axes without a transpose first',
  handles: ({ x }) => x?.dtype === 'float32',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const out = sumAxes(call)
    const count = sizeOf(axesOf(x, attrs['axis']).map((axis) => x.shape[axis] ?? 1))
    runtime.wasm.divide(runtime.address(out), sizeOf(out.shape), count)
    return out
  },
}
