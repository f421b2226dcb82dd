import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import { type Beside, planBroadcast } from '../broadcast.js'
import { input, type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import type { KernelExports } from '../module.js'
import type { Runtime } from '../runtime.js'
import { byParts, hasComplex, multiplyComplex } from './complex-by-parts.js'

/** A kernel of `assembly/binary.ts` or `assembly/comparison.ts`. */
interface Loops {
  readonly name: keyof KernelExports
  /** Bytes of an element of the operands, and of the result. */
  readonly unit: number
  readonly result: 'float32' | 'bool'
}

const once: Beside = { count: 1, a: 0, b: 0 }

/** `f(a, b)` with broadcasting, in a new tensor. */
function combine(runtime: Runtime, loops: Loops, a: TensorInfo, b: TensorInfo): TensorInfo {
  const { shape, inner, one, walks } = planBroadcast(a.shape, b.shape, loops.unit)
  const out = runtime.output(shape, loops.result)
  const [middle = once, outer = once] = walks
  const block = inner * middle.count * outer.count * (loops.result === 'bool' ? 1 : 4)
  if (block === 0) return out
  const call = runtime.wasm[loops.name]
  let y = runtime.address(out)
  const walk = (depth: number, atA: number, atB: number): void => {
    const axis = walks[depth]
    if (depth < 2 || axis === undefined) {
      call(one, atA, atB, y, inner, middle.count, middle.a, middle.b, outer.count, outer.a, outer.b)
      y += block
      return
    }
    for (let n = 0; n < axis.count; n++) walk(depth - 1, atA + n * axis.a, atB + n * axis.b)
  }
  walk(walks.length - 1, runtime.address(a), runtime.address(b))
  return out
}

const areOf = ({ a, b }: NamedTensorInfoMap, dtype: string): boolean => a?.dtype === dtype && b?.dtype === dtype

const broadcasts = 'four numbers at a time, however the shapes broadcast'

/** `complex` computes the kernel on complex64. */
function arithmetic(name: string, loop: keyof KernelExports, complex?: KernelDefinition): KernelDefinition {
  const loops: Loops = { name: loop, unit: 4, result: 'float32' }
  return {
    name,
    gain: complex === undefined ? broadcasts : `${broadcasts}; on complex64 too`,
    handles: (inputs) => areOf(inputs, 'float32') || (complex !== undefined && hasComplex(inputs)),
    compute(call) {
      if (complex !== undefined && hasComplex(call.inputs)) return complex.compute(call)
      return combine(call.runtime, loops, input(call, 'a'), input(call, 'b'))
    },
  }
}

/** `swapped`: a < b is b > a. */
function comparison(name: string, loop: keyof KernelExports, swapped = false): KernelDefinition {
  const loops: Loops = { name: loop, unit: 4, result: 'bool' }
  const compute = (call: KernelCall) => {
    const [a, b] = [input(call, 'a'), input(call, 'b')]
    return combine(call.runtime, loops, swapped ? b : a, swapped ? a : b)
  }
  return {
    name,
    gain: 'sixteen floats at a time, however the shapes broadcast',
    handles: (inputs) => areOf(inputs, 'float32'),
    compute,
  }
}

function logical(name: string, loop: keyof KernelExports): KernelDefinition {
  const loops: Loops = { name: loop, unit: 1, result: 'bool' }
  return {
    name,
    gain: 'sixteen booleans at a time, however the shapes broadcast',
    handles: (inputs) => areOf(inputs, 'bool'),
    compute: (call) => combine(call.runtime, loops, input(call, 'a'), input(call, 'b')),
  }
}

export const binaries: readonly KernelDefinition[] = [
  arithmetic('Add', 'add', byParts('Add')),
  arithmetic('Sub', 'subtract', byParts('Sub')),
  arithmetic('Multiply', 'multiply', multiplyComplex),
  arithmetic('RealDiv', 'divideBy'),
  arithmetic('Maximum', 'maximum'),
  arithmetic('Minimum', 'minimum'),
  arithmetic('SquaredDifference', 'squaredDifference'),
  comparison('Greater', 'greater'),
  comparison('GreaterEqual', 'greaterEqual'),
  comparison('Less', 'greater', true),
  comparison('LessEqual', 'greaterEqual', true),
  comparison('Equal', 'equal'),
  comparison('NotEqual', 'notEqual'),
  logical('LogicalAnd', 'logicalAnd'),
  logical('LogicalOr', 'logicalOr'),
]

export const logicalNot: KernelDefinition = {
  name: 'LogicalNot',
  gain: 'sixteen booleans at a time',
  handles: ({ x }) => x?.dtype === 'bool',
  compute(call) {
    const { runtime } = call
    const x = input(call, 'x')
    const out = runtime.output(x.shape, 'bool')
    runtime.wasm.logicalNot(runtime.address(x), runtime.address(out), sizeOf(x.shape))
    return out
  },
}
