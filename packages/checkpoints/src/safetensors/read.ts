import type { TensorRecord } from '@levin/core'
import { corrupt, notFound } from '../checkpoint-errors.js'
import type { Storage } from '../storage.js'
import { heldAs, valuesOf } from './dtypes.js'
import { decodeHeader, type Header, headerLength, LENGTH_BYTES, type TensorEntry } from './header.js'
import { slicesOf } from './slices.js'

/** A safetensors file whose header has been read and checked. Values are read when they are asked for. */
export interface SafetensorsFile {
  readonly records: ReadonlyMap<string, TensorRecord>
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Opens a safetensors file.
 *
 * @param guard called after each read of values: throws if they cannot be trusted any more
 * @throws LEVIN_CHECKPOINT_NOT_FOUND, LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION naming the file
 */
export async function openSafetensors(
  storage: Storage,
  file: string,
  guard: () => Promise<void> = async () => {},
): Promise<SafetensorsFile> {
  const { header, dataStart } = await readHeader(storage, file)
  const sliceOf = slicesOf(header.metadata, file)
  const records = new Map<string, TensorRecord>()
  for (const entry of header.tensors) {
    const { name, dtype, shape } = entry
    const data = async () => {
      const bytes = await readTensor(storage, file, dataStart, entry)
      await guard()
      return valuesOf(bytes, dtype)
    }
    const slice = sliceOf(name, shape)
    records.set(name, { name, dtype: heldAs(dtype), shape, data, ...(slice ? { slice } : {}) })
  }
  return { records, metadata: header.metadata }
}

async function readHeader(storage: Storage, file: string): Promise<{ header: Header; dataStart: number }> {
  const fileSize = await storage.size(file)
  if (fileSize === undefined) throw notFound(file, 'does not exist')
  const length = headerLength(await storage.read(file, 0, Math.min(LENGTH_BYTES, fileSize)), fileSize, file)
  const bytes = await storage.read(file, LENGTH_BYTES, length)
  if (bytes.length !== length) throw corrupt(file, 'it became shorter while it was read')
  const dataStart = LENGTH_BYTES + length
  return { header: decodeHeader(bytes, fileSize - dataStart, file), dataStart }
}

async function readTensor(
  storage: Storage,
  file: string,
  dataStart: number,
  { name, start, end }: TensorEntry,
): Promise<Uint8Array> {
  const bytes = await storage.read(file, dataStart + start, end - start)
  if (bytes.length === end - start) return bytes
  throw corrupt(file, `'${name}' takes ${end - start} bytes, but only ${bytes.length} are there`)
}
