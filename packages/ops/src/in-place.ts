import { engine, mul, type Tensor } from '@tensorflow/tfjs-core'
import { check } from './checks.js'

/** Whether another tensor has the same data, and would change with this one. */
export function isShared(tensor: Tensor): boolean {
  return engine().backend.refCount(tensor.dataId) > 1
}

/**
 * Makes sure that writing in place gives what fresh results would.
 *
 * Tensors that share data among those that are written are refused: each would hold the last result. What is read and shares
 * data with one of them is copied, since it may be read after that one is written.
 *
 * @param nameOf what errors call a written tensor, by its index
 * @returns what reads a tensor: the tensor, or its copy. Call it in a scope, which disposes of copies.
 */
export function guardInPlace(
  op: string,
  written: readonly Tensor[],
  nameOf: (index: number) => string,
): (read: Tensor) => Tensor {
  const indices = new Map<object, number>()
  written.forEach(({ dataId }, index) => {
    const other = indices.get(dataId)
    check(
      other === undefined,
      op,
      () =>
        `${nameOf(index)} must have data of its own to be changed in place, but shares that of ${nameOf(other as number)}; give one of them a copy, \`tf.mul(x, 1)\``,
    )
    indices.set(dataId, index)
  })
  return (read) => (indices.has(read.dataId) ? mul(read, 1) : read)
}
