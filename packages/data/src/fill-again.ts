import type { HostTensor, NumericData } from '@levin/core'
import type { Allocate } from './dataset.js'
import { allocateTensor } from './numbers.js'

/**
 * Lets `fill` ask for tensors and write their values; a second time into the same tensors, should memory have moved.
 *
 * Memory of a device may move whenever more of it is taken. A function that asks for two tensors and keeps the array of the
 * first writes to nowhere then, in silence. It happens a few times in a run, while the device's memory is still growing. The
 * second time nothing is taken, so everything stays where it is.
 */
export function fillAgainIfMoved<T>(fill: (allocate: Allocate) => T, allocate: Allocate): T {
  const given: HostTensor[] = []
  const arrays: NumericData[] = []
  const filled = fill((shape, dtype) => {
    const tensor = allocate(shape, dtype)
    given.push(tensor)
    arrays.push(tensor.data)
    return tensor
  })
  if (given.every(({ data }, i) => data === arrays[i])) return filled
  return fill((shape, dtype) => {
    const tensor = given.shift()
    return tensor && fits(tensor, shape, dtype) ? tensor : allocateTensor(shape, dtype)
  })
}

const fits = (tensor: HostTensor, shape: readonly number[], dtype: string): boolean =>
  tensor.dtype === dtype && `${tensor.shape}` === `${shape}`
