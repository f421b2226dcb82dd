import type { TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'

/** `max(x, 0) + alpha × min(x, 0)` for slopes of any shape that broadcasts to that of x. */
export function preluBroadcast(runtime: Runtime, x: TensorInfo, alpha: TensorInfo): TensorInfo {
  const zero = runtime.output([], 'float32')
  new Float32Array(runtime.heap, runtime.address(zero), 1)[0] = 0
  const positive = runtime.run('Maximum', { a: x, b: zero })
  const negative = runtime.run('Minimum', { a: x, b: zero })
  const scaled = runtime.run('Multiply', { a: alpha, b: negative })
  const out = runtime.run('Add', { a: positive, b: scaled })
  for (const tensor of [zero, positive, negative, scaled]) runtime.dispose(tensor)
  return out
}

/** Whether the stock kernel is right: it reads the slopes over and over in the order in which they lie. */
function repeats(x: TensorInfo, alpha: TensorInfo): boolean {
  const shape = alpha.shape.slice(alpha.shape.findIndex((length) => length !== 1))
  return sizeOf(alpha.shape) === 1 || shape.every((length, axis) => length === x.shape.at(axis - shape.length))
}

export const prelu: KernelDefinition = {
  name: 'Prelu',
  gain: 'slopes of any broadcastable shape; the stock kernel gives wrong numbers for one per row',
  handles: ({ x, alpha }) => x?.dtype === 'float32' && alpha?.dtype === 'float32' && !repeats(x, alpha),
  compute: (call) => preluBroadcast(call.runtime, input(call, 'x'), input(call, 'alpha')),
}
