import { corrupt, unreadableVersion } from '../checkpoint-errors.js'
import { BYTES_PER_ELEMENT, FOREIGN_TYPES, STORED_TYPES, type StoredType } from './dtypes.js'
import { duplicateKey } from './json-keys.js'
import { isSizes } from './sizes.js'

/** Where one tensor lies: bytes counted from the end of the header. */
export interface TensorEntry {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

export interface Header {
  /** In the order of their bytes. */
  readonly tensors: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
}

/** Bytes of the length that a file begins with. */
export const LENGTH_BYTES = 8
/** Python's library refuses more, lest a few bytes make a reader take all memory. */
const MAX_HEADER_BYTES = 100_000_000
const METADATA = '__metadata__'

/**
 * The header of a file, its length included, padded so that the tensors are aligned. Byte for byte what Python's library
 * writes, for tensors in the order of {@link inFileOrder}.
 */
export function encodeHeader({ tensors, metadata }: Header): Uint8Array {
  const entries = tensors.map(
    ({ name, dtype, shape, start, end }) => [name, { dtype, shape, data_offsets: [start, end] }] as const,
  )
  const text = `{${[...(Object.keys(metadata).length ? [[METADATA, metadata] as const] : []), ...entries]
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(',')}}`
  const json = new TextEncoder().encode(text)
  const length = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, LENGTH_BYTES)
  return bytes
}

/** The widest dtypes first, then by name, so that every tensor is aligned. */
export const inFileOrder = (a: { dtype: StoredType; name: string }, b: { dtype: StoredType; name: string }): number =>
  STORED_TYPES.indexOf(a.dtype) - STORED_TYPES.indexOf(b.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/**
 * Reads the length of the header from a file's first bytes.
 *
 * @param file names it in errors
 * @throws LEVIN_CHECKPOINT_CORRUPT if the header cannot be in a file of this size
 */
export function headerLength(bytes: Uint8Array, fileSize: number, file: string): number {
  if (bytes.length < LENGTH_BYTES)
    throw corrupt(file, `it has ${fileSize} bytes, fewer than the length of its header takes`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true)
  if (length > MAX_HEADER_BYTES)
    throw corrupt(file, `its header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} allowed`)
  const present = fileSize - LENGTH_BYTES
  if (length > present) throw corrupt(file, `its header claims ${length} bytes, but only ${present} follow`)
  return Number(length)
}

/**
 * Parses and checks a header: every byte of the data belongs to exactly one tensor.
 *
 * @param bytes the header without its length
 * @param dataSize bytes of the file after the header
 * @throws LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION naming the file and the tensor
 */
export function decodeHeader(bytes: Uint8Array, dataSize: number, file: string): Header {
  const { [METADATA]: metadata, ...entries } = parseObject(bytes, file)
  const tensors = Object.entries(entries).map(([name, entry]) => decodeEntry(name, entry, file))
  tensors.sort((a, b) => a.start - b.start || a.end - b.end)
  let covered = 0
  for (const { name, start, end } of tensors) {
    if (start !== covered) {
      const what =
        start < covered ? 'overlaps the tensor before it' : `leaves ${start - covered} bytes before it unused`
      throw corrupt(file, `'${name}' ${what}`)
    }
    covered = end
  }
  if (covered !== dataSize) throw corrupt(file, `its tensors take ${covered} bytes, but ${dataSize} follow the header`)
  return { tensors, metadata: decodeMetadata(metadata, file) }
}

function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string
  let parsed: unknown
  try {
    // Without ignoreBOM a mark at the start would be dropped in silence.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    parsed = text.startsWith('{') ? JSON.parse(text) : undefined
  } catch (cause) {
    throw corrupt(file, 'its header is not JSON in UTF-8', cause)
  }
  if (!isRecord(parsed)) throw corrupt(file, 'its header does not begin with an object')
  const twice = duplicateKey(text)
  if (twice !== undefined) throw corrupt(file, `its header has '${twice}' twice`)
  return parsed
}

function decodeEntry(name: string, entry: unknown, file: string): TensorEntry {
  if (!isRecord(entry)) throw corrupt(file, `the entry of '${name}' is no object`)
  const { dtype, shape, data_offsets: offsets, ...rest } = entry
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) throw corrupt(file, `'${name}' has an unknown field '${unknown}'`)
  const type = decodeType(name, dtype, file)
  if (!isSizes(shape)) throw corrupt(file, `the shape of '${name}' is no list of sizes`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw corrupt(file, `the offsets of '${name}' are not two whole numbers`)
  const [start, end] = offsets as readonly [number, number]
  const size = shape.reduce((product, length) => product * length, BYTES_PER_ELEMENT[type])
  if (!Number.isSafeInteger(size) || end - start !== size) {
    throw corrupt(
      file,
      `'${name}' of shape [${shape.join(', ')}] takes ${size} bytes, but its offsets span ${end - start}`,
    )
  }
  return { name, dtype: type, shape, start, end }
}

function decodeType(name: string, dtype: unknown, file: string): StoredType {
  const type = STORED_TYPES.find((known) => known === dtype)
  if (type) return type
  const found = `'${name}' of dtype ${JSON.stringify(dtype)?.slice(0, 40)}`
  if (FOREIGN_TYPES.includes(dtype as string))
    throw unreadableVersion(file, `tensors of ${STORED_TYPES.join(', ')}`, found)
  throw corrupt(file, `it has ${found}, which is none`)
}

function decodeMetadata(metadata: unknown, file: string): Readonly<Record<string, string>> {
  if (metadata === undefined) return {}
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw corrupt(file, `its ${METADATA} is no object of texts`)
  }
  return metadata as Record<string, string>
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
