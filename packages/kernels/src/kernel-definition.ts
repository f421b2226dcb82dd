import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { Runtime } from './runtime.js'

/** One call of a kernel, as tfjs's engine makes it. */
export interface KernelCall {
  readonly runtime: Runtime
  /** Of kernels that take a flat list (AddN, Concat, optimizer updates) an array. */
  readonly inputs: NamedTensorInfoMap
  readonly attrs: NamedAttrMap
  /** The kernel that ours replaced; absent where tfjs has none. */
  readonly stock: KernelFunc | undefined
}

export interface KernelDefinition {
  /** tfjs's name of the kernel, or that of @levin/ops. */
  readonly name: string
  /** What is gained over the stock backend, in one line. */
  readonly gain: string
  /** Which calls are ours; the others go to the kernel that was replaced, without further cost. Default is all. */
  handles?(inputs: NamedTensorInfoMap, attrs: NamedAttrMap | undefined): boolean
  /** The outputs, one or a list; none where the kernel writes its inputs. */
  compute(call: KernelCall): TensorInfo | TensorInfo[]
}

/** The input of that name. tfjs's ops always give it; a caller of `runKernel` may not. */
export function input(call: KernelCall, name: string): TensorInfo {
  const tensor = call.inputs[name]
  if (tensor === undefined) throw new Error(`Expected an input named '${name}', found ${Object.keys(call.inputs)}.`)
  return tensor
}

/** The address of an input that may be absent: 0 if it is. */
export function optionalAddress({ runtime, inputs }: KernelCall, name: string): number {
  const tensor = inputs[name]
  return tensor === undefined ? 0 : runtime.address(tensor)
}

/** Refuses other dtypes than float32. */
export function assertFloat(kernel: string, ...tensors: readonly TensorInfo[]): void {
  for (const { dtype } of tensors) {
    if (dtype !== 'float32') {
      throw new Error(
        `${kernel} on the wasm backend takes float32, found ${dtype}; convert with tf.cast(x, 'float32').`,
      )
    }
  }
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1
  for (const length of shape) size *= length
  return size
}
