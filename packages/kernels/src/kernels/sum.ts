import { type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { byParts, hasComplex } from './complex-by-parts.js'

const complexSum = byParts('Sum')

/** The axes to sum over, in ascending order. */
function axesOf(x: TensorInfo, attrs: NamedAttrMap | undefined): number[] {
  return util.parseAxisParam((attrs?.['axis'] ?? null) as unknown as number | number[], x.shape).sort((a, b) => a - b)
}

const isRun = (axes: readonly number[]): boolean => axes.every((axis, index) => axis === (axes[0] ?? 0) + index)

export const sum: KernelDefinition = {
  name: 'Sum',
  gain: 'over leading or inner axes without a transpose first (the gradient of every bias); complex64 too',
  handles: (inputs, attrs) => {
    const { x } = inputs
    return hasComplex(inputs) || (x?.dtype === 'float32' && isRun(axesOf(x, attrs)))
  },
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    if (x.dtype === 'complex64') return complexSum.compute(call)
    const axes = axesOf(x, attrs)
    const first = axes[0] ?? x.shape.length
    const end = first + axes.length
    const kept = attrs['keepDims'] === true
    const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (kept ? [1] : []) : [length]))
    const out = runtime.output(shape, 'float32')
    const parts = [x.shape.slice(0, first), x.shape.slice(first, end), x.shape.slice(end)].map(sizeOf)
    runtime.wasm.sumAxes(runtime.address(x), runtime.address(out), ...parts)
    return out
  },
}
