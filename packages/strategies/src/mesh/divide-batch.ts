import { LevinError, mapTensors, tensorsIn } from '@levin/core'
import { slice, type Tensor } from '@tensorflow/tfjs-core'

/**
 * The stretch of a batch that a rank of the context axis works on: of every tensor `[batch, time, …]` the index-th of `count` equal
 * parts along time. Tensors of one axis are the same on all ranks.
 *
 * @throws LEVIN_BATCH_SHAPE for sequences that cannot be divided evenly
 */
export function divideBatch(batch: unknown, index: number, count: number): unknown {
  if (count === 1) return batch
  for (const { shape } of tensorsIn(batch))
    if (shape.length > 1 && (shape[1] as number) % count !== 0) throw uneven(shape, count)
  return mapTensors(batch, (tensor) => (tensor.rank > 1 ? stretchOf(tensor, index, count) : tensor))
}

function stretchOf(tensor: Tensor, index: number, count: number): Tensor {
  const length = (tensor.shape[1] as number) / count
  const start = tensor.shape.map((_, axis) => (axis === 1 ? index * length : 0))
  const size = tensor.shape.map((whole, axis) => (axis === 1 ? length : whole))
  return slice(tensor, start as [number], size as [number])
}

const uneven = (shape: readonly number[], count: number): LevinError =>
  new LevinError('LEVIN_BATCH_SHAPE', {
    message: `A batch cannot be divided among the ${count} ranks of the context axis.`,
    expected: `tensors [batch, time, …] whose time is a multiple of ${count}`,
    found: `[${shape.join(', ')}]`,
    remedy: 'Cut or pad sequences in the loader, or use fewer ranks for the context axis.',
  })
