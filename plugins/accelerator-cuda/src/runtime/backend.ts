import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core'

/** The npm packages that bring TensorFlow's own library. */
export type PackageName = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu'

/** The name under which both packages register their backend. */
export const BACKEND = 'tensorflow'

/** An attribute of an operation of TensorFlow; `type` is one of the binding's `TF_ATTR_…`. */
export interface OperationAttribute {
  readonly name: string
  readonly type: number
  readonly value: number | boolean | string | number[]
}

/** What is used of the native binding: constants of TensorFlow's C interface. */
export interface Binding {
  readonly TF_Version: string
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_BOOL: number
  readonly TF_COMPLEX64: number
  readonly TF_STRING: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_TYPE: number
}

/** What is used of the backend of tfjs-node 4.22. */
export interface TensorFlowBackend extends KernelBackend {
  readonly binding: Binding
  /** Whether it came with tfjs-node-gpu. */
  readonly isGPUPackage: boolean
  /** Whether TensorFlow has found a GPU, and computes on it. */
  readonly isUsingGpuDevice: boolean
  /** Calls an operation of TensorFlow by its name. The output belongs to the scope that is open. */
  executeSingleOutput(name: string, attributes: OperationAttribute[], inputs: TensorInfo[]): Tensor
  executeMultipleOutputs(
    name: string,
    attributes: OperationAttribute[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[]
}
