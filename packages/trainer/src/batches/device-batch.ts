import { type Accelerator, describe, disposeAll, type HostTensor, isHostTensor, LevinError } from '@levin/core'
import { Tensor } from '@tensorflow/tfjs-core'

/**
 * Brings a batch to the device: every host tensor in it becomes a tensor. Nested arrays and records are followed. If an upload
 * fails, those before it are undone.
 */
export function toDevice(batch: unknown, accelerator: Accelerator): unknown {
  const uploaded: Tensor[] = []
  const upload = (host: HostTensor): Tensor => {
    const tensor = accelerator.upload(host)
    uploaded.push(tensor)
    return tensor
  }
  try {
    return replaceHostTensors(batch, upload)
  } catch (error) {
    disposeAll(uploaded)
    throw error
  }
}

function replaceHostTensors(batch: unknown, upload: (host: HostTensor) => Tensor): unknown {
  if (typeof batch !== 'object' || batch === null || batch instanceof Tensor) return batch
  if (isHostTensor(batch)) return upload(batch)
  if (Array.isArray(batch)) return batch.map((item) => replaceHostTensors(item, upload))
  if (Object.getPrototypeOf(batch) !== Object.prototype) return batch
  const result: Record<string, unknown> = {}
  for (const key in batch) result[key] = replaceHostTensors((batch as Record<string, unknown>)[key], upload)
  return result
}

/** Every tensor in a batch. */
export function tensorsOf(batch: unknown, found: Tensor[] = []): Tensor[] {
  if (batch instanceof Tensor) found.push(batch)
  else if (typeof batch === 'object' && batch !== null && !ArrayBuffer.isView(batch)) {
    for (const key in batch) tensorsOf((batch as Record<string, unknown>)[key], found)
  }
  return found
}

/**
 * Samples of a batch: the first axis of its first tensor, on the host or on the device. 1 for a batch without tensors.
 *
 * @throws LEVIN_DATA for a batch that is no batch at all
 */
export function sampleCount(batch: unknown): number {
  if (batch === null || batch === undefined) {
    throw new LevinError('LEVIN_DATA', {
      message: 'A loader yielded no batch.',
      expected: 'tensors, arrays or records of them',
      found: describe(batch),
    })
  }
  return firstAxis(batch) ?? 1
}

function firstAxis(batch: unknown): number | undefined {
  if (typeof batch !== 'object' || batch === null) return undefined
  if (batch instanceof Tensor || isHostTensor(batch)) return batch.shape[0] ?? 1
  for (const key in batch) {
    const count = firstAxis((batch as Record<string, unknown>)[key])
    if (count !== undefined) return count
  }
  return undefined
}
