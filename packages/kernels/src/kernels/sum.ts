import { type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { byParts, hasComplex } from './complex-by-parts.js'

const complexSum = byParts('Sum')

/** The axes to sum over, in ascending order. */
function axesOf(x: TensorInfo, attrs: NamedAttrMap | undefined): number[] {
  return util.parseAxisParam((attrs?.['axis'] ?? null) as unknown as number | number[], x.shape).sort((a, b) => a - b)
}

const isRun = (axes: readonly number[]): boolean => axes.every((axis, index) => axis === (axes[0] ?? 0) + index)

/** Sums of a float32 tensor over a run of axes, in a new tensor. */
function sumRun({ runtime, attrs }: KernelCall, x: TensorInfo): TensorInfo {
  const axes = axesOf(x, attrs)
  const first = axes[0] ?? x.shape.length
  const end = first + axes.length
  const kept = attrs['keepDims'] === true
  const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (kept ? [1] : []) : [length]))
  const out = runtime.output(shape, 'float32')
  runtime.wasm.sumAxes(
    runtime.address(x),
    runtime.address(out),
    sizeOf(x.shape.slice(0, first)),
    sizeOf(x.shape.slice(first, end)),
    sizeOf(x.shape.slice(end)),
  )
  return out
}

export const sum: KernelDefinition = {
  name: 'Sum',
  gain: 'over leading or inner axes without a transpose first (the gradient of every bias); complex64 too',
  handles: (inputs, attrs) => {
    const { x } = inputs
    return hasComplex(inputs) || (x?.dtype === 'float32' && isRun(axesOf(x, attrs)))
  },
  compute(call) {
    const x = input(call, 'x')
    return x.dtype === 'complex64' ? complexSum.compute(call) : sumRun(call, x)
  },
}

export const mean: KernelDefinition = {
  name: 'Mean',
  gain: 'over leading or inner axes without a transpose first',
  handles: ({ x }, attrs) => x?.dtype === 'float32' && isRun(axesOf(x, attrs)),
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const out = sumRun(call, x)
    const count = sizeOf(axesOf(x, attrs).map((axis) => x.shape[axis] ?? 1))
    runtime.wasm.divide(runtime.address(out), sizeOf(out.shape), count)
    return out
  },
}
