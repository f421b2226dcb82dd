import type { NumericData, TensorRecord } from '@levin/core'

/** A tensor as plain data, to the last bit. */
export interface SentTensor extends Omit<TensorRecord, 'data' | 'range'> {
  /** Its bytes, in base 64. */
  readonly bytes: string
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const

export async function sent(records: Iterable<TensorRecord> | AsyncIterable<TensorRecord>): Promise<SentTensor[]> {
  const all: SentTensor[] = []
  for await (const record of records) {
    const { name, dtype, shape, slice, wholeShape } = record
    const { buffer, byteOffset, byteLength } = await record.data()
    const text = Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) => String.fromCharCode(byte)).join(
      '',
    )
    all.push({
      name,
      dtype,
      shape,
      bytes: btoa(text),
      ...(slice ? { slice } : {}),
      ...(wholeShape ? { wholeShape } : {}),
    })
  }
  return all
}

export function received({ bytes, ...record }: SentTensor): TensorRecord {
  const { buffer } = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0))
  const data: NumericData = new ARRAYS[record.dtype](buffer)
  return {
    ...record,
    data: () => data.slice(),
    range: async (start, length) => data.slice(start, start + length),
  }
}
