import type { Elements, ReduceOperation } from '@levin/core'
import { type ElementType, typeNumber, typeOf } from '@levin/distributed/elements'
import type { HandleName } from '../abi/family.js'
import type { Mpi } from '../native/mpi.js'
import type { RingReduction } from './ring.js'

/** A mean is a sum with a factor. */
const HANDLES: Readonly<Record<ReduceOperation, HandleName>> = {
  sum: 'sum',
  mean: 'sum',
  min: 'min',
  max: 'max',
  product: 'product',
}

const NUMBERS = Object.keys(HANDLES)

/** How `data` are reduced among `size` ranks; `finish` works on `target`, where the result lies. */
export function reductionOf(
  mpi: Mpi,
  target: Elements,
  address: number,
  operation: ReduceOperation,
  size: number,
): RingReduction {
  const factor = 1 / size
  return {
    type: mpi.handles[typeOf(target)],
    operation: mpi.handles[HANDLES[operation]],
    elementBytes: target.BYTES_PER_ELEMENT,
    finish: (at, count) => {
      if (operation !== 'mean') return
      const first = (at - address) / target.BYTES_PER_ELEMENT
      for (let i = first; i < first + count; i++) target[i] = (target[i] as number) * factor
    },
  }
}

/** The number by which ranks tell each other type and operation. */
export const reductionDetail = (type: ElementType, operation: ReduceOperation): number =>
  10 * typeNumber(type) + NUMBERS.indexOf(operation)

/** Bytes of a rank's part from which the ring's steps cost less than what it saves. */
const RING_PART = 16 * 1024
/** Two ranks need no more steps in a ring than in a tree. Fewer bytes than this are not worth sharing. */
const RING_PAIR = 1024

/**
 * Whether a reduction of so many bytes goes around a ring. It takes p − 1 steps (twice that for all to have the result), where
 * MPI's own trees take log₂ p and move more.
 */
export const ringPays = (bytes: number, size: number): boolean => bytes >= (size === 2 ? RING_PAIR : RING_PART * size)
