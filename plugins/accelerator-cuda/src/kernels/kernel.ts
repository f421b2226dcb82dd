import type { KernelContracts, KernelName } from '@levin/ops'
import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import { BACKEND, type OperationAttribute, type TensorFlowBackend } from '../runtime/backend.js'

/** A kernel for TensorFlow's backend, checked by the compiler against the contract of `@levin/ops`. */
export function kernel<N extends KernelName>(
  kernelName: N,
  compute: (inputs: KernelContracts[N]['inputs'], attrs: KernelContracts[N]['attrs']) => TensorInfo | TensorInfo[],
): KernelConfig {
  return {
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs }) =>
      compute(inputs as unknown as KernelContracts[N]['inputs'], attrs as unknown as KernelContracts[N]['attrs']),
  }
}

/** Attributes of TensorFlow's operations. */
export function attributes({ binding }: TensorFlowBackend) {
  const dtypes: Readonly<Record<DataType, number>> = {
    float32: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    bool: binding.TF_BOOL,
    complex64: binding.TF_COMPLEX64,
    string: binding.TF_STRING,
  }
  return {
    type: (name: string, dtype: DataType): OperationAttribute => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value: dtypes[dtype],
    }),
    float: (name: string, value: number): OperationAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
    integer: (name: string, value: number): OperationAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
    integers: (name: string, value: number[]): OperationAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
    bool: (name: string, value: boolean): OperationAttribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
    text: (name: string, value: string): OperationAttribute => ({ name, type: binding.TF_ATTR_STRING, value }),
  }
}
