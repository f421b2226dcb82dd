import { engine, mul, type Tensor } from '@tensorflow/tfjs-core'

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
  const data = new Set<object>()
  for (const { dataId } of written) data.add(dataId)
  if (data.size < written.length) refuseShared(op, written, nameOf)
  return (read) => (data.has(read.dataId) ? mul(read, 1) : read)
}

function refuseShared(op: string, written: readonly Tensor[], nameOf: (index: number) => string): never {
  const firstWith = ({ dataId }: Tensor): number => written.findIndex((tensor) => tensor.dataId === dataId)
  const second = written.findIndex((tensor, index) => firstWith(tensor) < index)
  const first = firstWith(written[second] as Tensor)
  throw new Error(
    `${op}: ${nameOf(second)} must have data of its own to be changed in place, but shares that of ${nameOf(first)}; give one of them a copy, \`tf.mul(x, 1)\``,
  )
}
