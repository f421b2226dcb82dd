import type { Tensor } from '@tensorflow/tfjs-core'

// By what it has and not by class: a program may hold two copies of tfjs.
export const isTensor = (value: object): value is Tensor =>
  'dataId' in value && 'dispose' in value && typeof value.dispose === 'function'

/** Disposes the tensors in samples or batches that nobody will use. */
export function disposeTensors(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (isTensor(value)) value.dispose()
  else for (const part of Object.values(value)) disposeTensors(part)
}
