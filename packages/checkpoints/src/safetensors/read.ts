import { LevinError, type TensorRecord } from '@levin/core'
import { corrupt, notFound } from '../checkpoint-errors.js'
import type { Storage } from '../storage.js'
import { BYTES_PER_ELEMENT, heldAs, valuesOf } from './dtypes.js'
import { decodeHeader, type Header, headerLength, LENGTH_BYTES, type TensorEntry } from './header.js'
import { sizeOf } from './sizes.js'
import { slicesOf } from './slices.js'

/** A tensor of a file. */
export type FileRecord = TensorRecord & Required<Pick<TensorRecord, 'range'>>

/** A safetensors file whose header has been read and checked. Values are read when they are asked for. */
export interface SafetensorsFile {
  /** By name; of several slices of one tensor, the first has its name. */
  readonly records: ReadonlyMap<string, FileRecord>
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
  const slicingOf = slicesOf(header.metadata, file)
  const records = new Map<string, FileRecord>()
  for (const entry of header.tensors) {
    const { name: key, dtype, shape } = entry
    const size = sizeOf(shape)
    const range = async (start: number, count: number) => {
      requireWithin(key, size, start, count)
      const bytes = await readElements(storage, file, dataStart, entry, start, count)
      await guard()
      return valuesOf(bytes, dtype)
    }
    records.set(key, { dtype: heldAs(dtype), shape, data: () => range(0, size), range, ...slicingOf(key, shape) })
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

async function readElements(
  storage: Storage,
  file: string,
  dataStart: number,
  { name, dtype, start }: TensorEntry,
  from: number,
  count: number,
): Promise<Uint8Array> {
  const width = BYTES_PER_ELEMENT[dtype]
  const bytes = await storage.read(file, dataStart + start + from * width, count * width)
  if (bytes.length === count * width) return bytes
  throw corrupt(file, `${count} elements of '${name}' take ${count * width} bytes, but only ${bytes.length} are there`)
}

function requireWithin(name: string, size: number, start: number, count: number): void {
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(count) && start >= 0 && count >= 0
  if (whole && start + count <= size) return
  throw new LevinError('LEVIN_SHAPE', {
    message: `'${name}' has no such stretch.`,
    expected: `one within its ${size} elements`,
    found: `${count} from ${start} on`,
  })
}
