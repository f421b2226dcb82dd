import type { NumericData, NumericType } from '@levin/core'

/** dtypes of safetensors files that are read and written here. `U8` is read only: tfjs has no such tensors. */
export type StoredType = 'F32' | 'I32' | 'U8' | 'BOOL'

export const BYTES_PER_ELEMENT: Readonly<Record<StoredType, number>> = { F32: 4, I32: 4, U8: 1, BOOL: 1 }

/** In the order of Python's library, which writes the widest first so that everything is aligned. */
export const STORED_TYPES: readonly StoredType[] = ['F32', 'I32', 'U8', 'BOOL']

/** dtypes that other programs write and that cannot be read here, as opposed to words that are no dtype at all. */
export const FOREIGN_TYPES: readonly string[] = [
  ...['F64', 'F16', 'BF16', 'C64', 'I64', 'U64', 'U32', 'I16', 'U16', 'I8'],
  ...['F8_E4M3', 'F8_E5M2', 'F8_E8M0', 'F6_E2M3', 'F6_E3M2', 'F4'],
]

const STORED_AS: Readonly<Record<NumericType, StoredType>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' }
const HELD_AS: Readonly<Record<StoredType, NumericType>> = { F32: 'float32', I32: 'int32', U8: 'int32', BOOL: 'bool' }

export const storedAs = (dtype: NumericType): StoredType | undefined => STORED_AS[dtype]
export const heldAs = (dtype: StoredType): NumericType => HELD_AS[dtype]

/** The array that holds tensors of a dtype. */
export const arrayOf = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

/** The values of a stored tensor. Copies where the bytes are not aligned, or not of the type they become. */
export function valuesOf(bytes: Uint8Array, dtype: StoredType): NumericData {
  if (dtype === 'BOOL') return bytes
  if (dtype === 'U8') return Int32Array.from(bytes)
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const length = byteLength / 4
  return dtype === 'F32' ? new Float32Array(buffer, byteOffset, length) : new Int32Array(buffer, byteOffset, length)
}

/** The bytes of an array, without a copy. safetensors is little-endian, as is every platform that runs V8 today. */
export function bytesOf({ buffer, byteOffset, byteLength }: NumericData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
