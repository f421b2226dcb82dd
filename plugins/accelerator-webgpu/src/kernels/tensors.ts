import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { DEFAULT_WORKGROUP } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'

/** Workgroups for a thread per element. */
export const groupsOf = (elements: number, workgroupSize = DEFAULT_WORKGROUP): number =>
  Math.ceil(elements / workgroupSize)

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

/** A tensor for a program to fill. */
export function output(backend: LevinBackend, shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
  return backend.makeTensorInfo([...shape], dtype)
}

/** A tensor that holds one number throughout, for what no program computes: results of nothing. */
export function filled(backend: LevinBackend, shape: readonly number[], value = 0): TensorInfo {
  return backend.makeTensorInfo([...shape], 'float32', new Float32Array(sizeOf(shape)).fill(value))
}

/** Frees a tensor that the kernel made for itself. */
export function discard(backend: LevinBackend, { dataId }: TensorInfo): void {
  backend.disposeData(dataId)
}
