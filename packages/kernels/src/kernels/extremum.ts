import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition } from '../kernel-definition.js'
import { aroundRun, axesOf, reducedShape } from '../reduction.js'
import { reduceRuns } from './sum.js'

/** `attribute` is where tfjs names the axes. */
function extreme(name: 'Max' | 'Min', attribute: string, largest: 0 | 1): KernelDefinition {
  return {
    name,
    gain: 'sixteen numbers at a time, along any axes without a transpose first',
    handles: ({ x }) => x?.dtype === 'float32',
    compute: (call) =>
      reduceRuns(call, call.attrs[attribute], (x, out, ...sizes) =>
        call.runtime.wasm.extremum(largest, x, out, ...sizes),
      ),
  }
}

function place({ runtime, attrs }: KernelCall, x: TensorInfo, largest: 0 | 1): TensorInfo {
  const [axis = 0] = axesOf(x, attrs['axis'])
  const out = runtime.output(reducedShape(x.shape, [axis], false), 'int32')
  runtime.wasm.extremumPlace(largest, runtime.address(x), runtime.address(out), ...aroundRun(x.shape, [axis]))
  return out
}

function placeOf(name: 'ArgMax' | 'ArgMin', largest: 0 | 1): KernelDefinition {
  return {
    name,
    gain: 'several numbers at a time, along any axis without a transpose first',
    handles: ({ x }) => x?.dtype === 'float32' && !x.shape.includes(0),
    compute: (call) => place(call, input(call, 'x'), largest),
  }
}

export const extremes: readonly KernelDefinition[] = [
  extreme('Max', 'reductionIndices', 1),
  extreme('Min', 'axis', 0),
  placeOf('ArgMax', 1),
  placeOf('ArgMin', 0),
]
