// What every process group asks of the buffers and reductions that it is given, so that all of them refuse the same.
import { type Elements, LevinError, type ReduceOperation } from '@levin/core'

export type ElementType = 'float32' | 'int32' | 'uint8'

const OPERATIONS: Readonly<Record<ElementType, readonly ReduceOperation[]>> = {
  float32: ['sum', 'mean', 'min', 'max', 'product'],
  int32: ['sum', 'min', 'max', 'product'],
  uint8: ['min', 'max'],
}

const TYPES = Object.keys(OPERATIONS) as readonly ElementType[]

/** The type of elements. */
export function typeOf(data: Elements): ElementType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint8Array) return 'uint8'
  throw new LevinError('LEVIN_SHAPE', {
    message: 'Collectives move typed arrays.',
    expected: 'a Float32Array, an Int32Array or a Uint8Array',
    found: Object.prototype.toString.call(data),
    remedy: 'Take the bytes of anything else: new Uint8Array(x.buffer, x.byteOffset, x.byteLength).',
  })
}

/** The number under which ranks tell each other a type. */
export const typeNumber = (type: ElementType): number => TYPES.indexOf(type)

/** The bytes of elements, where they lie. */
export const bytesOf = (data: Elements): Uint8Array =>
  data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** @throws LEVIN_SHAPE for a target of another type or length */
export function requireTarget(operation: string, data: Elements, target: Elements, length: number, what: string): void {
  const [type, found] = [typeOf(data), typeOf(target)]
  if (type === found && target.length === length) return
  throw new LevinError('LEVIN_SHAPE', {
    message: `${operation}() got buffers that do not fit.`,
    expected: `a target of ${length} ${type} (${what})`,
    found: `${target.length} ${found}`,
  })
}

/**
 * How many elements each of `parts` equal parts has.
 *
 * @throws LEVIN_SHAPE if they do not divide the data
 */
export function partOf(operation: string, data: Elements, parts: number): number {
  if (data.length % parts === 0) return data.length / parts
  throw new LevinError('LEVIN_SHAPE', {
    message: `${operation}() divides data among the ranks.`,
    expected: `a multiple of ${parts} elements`,
    found: String(data.length),
  })
}

/** @throws LEVIN_NOT_SUPPORTED where the type has no such operation */
export function requireReduction(type: ElementType, operation: ReduceOperation): void {
  const operations = OPERATIONS[type]
  if (operations.includes(operation)) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `There is no ${operation} of ${type}.`,
    expected: `one of ${operations.join(', ')}`,
    remedy:
      type === 'int32'
        ? 'Convert to float32 for a mean.'
        : 'Bytes move as they are; as booleans they have min and max.',
  })
}

/** @throws LEVIN_NOT_SUPPORTED where `peer` is no other rank of the group */
export function requirePeer(operation: string, peer: number, rank: number, size: number): void {
  if (Number.isInteger(peer) && peer >= 0 && peer < size && peer !== rank) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${operation}() needs another rank of the group.`,
    expected: `a rank from 0 to ${size - 1} other than ${rank}`,
    found: String(peer),
  })
}

/** @throws LEVIN_NOT_SUPPORTED where `root` is no rank of the group */
export function requireRoot(operation: string, root: number, size: number): void {
  if (Number.isInteger(root) && root >= 0 && root < size) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${operation}() needs a rank of the group.`,
    expected: `a rank from 0 to ${size - 1}`,
    found: String(root),
  })
}
