import { type Elements, LevinError } from '@levin/core'
import type { ElementType } from './reductions.js'

const TYPES: readonly ElementType[] = ['float32', 'int32', 'uint8']

/** The type of elements, and the number under which it is written down. */
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

export const typeNumber = (type: ElementType): number => TYPES.indexOf(type)

/** The bytes of elements, where they lie. */
export const bytesOf = (data: Elements): Uint8Array =>
  data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** Refuses a target of another type or length. */
export function requireTarget(operation: string, data: Elements, target: Elements, length: number, what: string): void {
  const [type, found] = [typeOf(data), typeOf(target)]
  if (type === found && target.length === length) return
  throw new LevinError('LEVIN_SHAPE', {
    message: `${operation}() got buffers that do not fit.`,
    expected: `a target of ${length} ${type} (${what})`,
    found: `${target.length} ${found}`,
  })
}

/** How many elements each of `parts` equal parts has. */
export function partOf(operation: string, data: Elements, parts: number): number {
  if (data.length % parts === 0) return data.length / parts
  throw new LevinError('LEVIN_SHAPE', {
    message: `${operation}() divides data among the ranks.`,
    expected: `a multiple of ${parts} elements`,
    found: String(data.length),
  })
}
