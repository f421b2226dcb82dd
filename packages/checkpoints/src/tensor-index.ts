import { joinSlices, type SliceLayout, type TensorRecord, wholeShapeOf } from '@levin/core'
import { corrupt } from './checkpoint-errors.js'
import { join } from './paths.js'
import { heldAs, STORED_TYPES, type StoredType, storedAs } from './safetensors/dtypes.js'
import type { FileRecord, SafetensorsFile } from './safetensors/read.js'
import { isSizes, sizeOf } from './safetensors/sizes.js'
import type { NamedEntry } from './safetensors/slices.js'

/** Where the tensors of a model or optimizer lie that are kept in slices. */
export type TensorIndex = readonly IndexedTensor[]

export interface IndexedTensor {
  readonly name: string
  readonly dtype: StoredType
  /** Of the whole. */
  readonly shape: readonly number[]
  readonly parts: readonly IndexedPart[]
}

export interface IndexedPart {
  readonly file: string
  /** Name of the entry in the file. Absent: that of the tensor. */
  readonly key?: string
  /** Place and shape of the slice; of the whole in row-major order where they have one axis. Absent: the whole. */
  readonly start?: readonly number[]
  readonly size?: readonly number[]
}

/**
 * The index of what files hold.
 *
 * @param files what is in each
 * @param where names the checkpoint in errors
 * @throws LEVIN_CHECKPOINT_CORRUPT naming a tensor whose slices do not make it whole
 */
export function indexOf(files: ReadonlyMap<string, readonly NamedEntry[]>, where: string): TensorIndex {
  joinSlices(
    [...files.values()].flat().map(({ record }) => record),
    where,
  )
  const tensors = new Map<string, IndexedTensor & { readonly parts: IndexedPart[] }>()
  for (const [file, entries] of files) {
    for (const { key, record } of entries) {
      const { name, dtype, slice } = record
      const known = tensors.get(name)
      const tensor = known ?? {
        name,
        dtype: storedAs(dtype) as StoredType,
        shape: [...wholeShapeOf(record)],
        parts: [],
      }
      if (!known) tensors.set(name, tensor)
      tensor.parts.push({
        file,
        ...(key === name ? {} : { key }),
        ...(slice ? { start: [...slice.start], size: [...slice.shape] } : {}),
      })
    }
  }
  return [...tensors.values()]
}

/**
 * The tensors of an index, whole. A file is opened when something of it is read.
 *
 * @throws LEVIN_CHECKPOINT_CORRUPT as {@link indexOf}
 */
export function indexedRecords(
  index: TensorIndex,
  open: (file: string) => Promise<SafetensorsFile>,
  folder: string,
): Map<string, TensorRecord> {
  const opened = new Map<string, Promise<SafetensorsFile>>()
  const openOnce = (file: string) => {
    const known = opened.get(file) ?? open(file)
    opened.set(file, known)
    return known
  }
  const slices = index.flatMap((tensor) => tensor.parts.map((part) => sliceRecord(tensor, part, openOnce, folder)))
  return joinSlices(slices, folder)
}

function sliceRecord(
  { name, dtype, shape }: IndexedTensor,
  { file, key = name, start, size = shape }: IndexedPart,
  open: (file: string) => Promise<SafetensorsFile>,
  folder: string,
): TensorRecord {
  const globalShape = start && start.length !== shape.length ? [sizeOf(shape)] : shape
  const slice: SliceLayout | undefined = start && { globalShape, start, shape: size }
  const inFile = async (): Promise<FileRecord> => {
    const found = (await open(file)).records.get(key)
    const same = found && found.dtype === heldAs(dtype) && String(found.shape) === String(size)
    if (same && String(found.slice?.start) === String(slice?.start)) return found
    throw corrupt(join(folder, file), `it does not hold the part of '${name}' that the manifest says it holds`)
  }
  return {
    name,
    dtype: heldAs(dtype),
    shape: size,
    ...(slice ? { slice, wholeShape: shape } : {}),
    data: async () => (await inFile()).data(),
    range: async (from, count) => (await inFile()).range(from, count),
  }
}

/** Whether a value that was read is an index into such files. */
export function isTensorIndex(value: unknown, files: Readonly<Record<string, unknown>>): value is TensorIndex {
  return Array.isArray(value) && value.every((tensor) => isIndexedTensor(tensor, files))
}

function isIndexedTensor(value: unknown, files: Readonly<Record<string, unknown>>): boolean {
  const { name, dtype, shape, parts } = (value ?? {}) as { [K in keyof IndexedTensor]?: unknown }
  return (
    typeof name === 'string' &&
    STORED_TYPES.some((type) => type === dtype) &&
    isSizes(shape) &&
    Array.isArray(parts) &&
    parts.every((part) => isIndexedPart(part, files))
  )
}

function isIndexedPart(value: unknown, files: Readonly<Record<string, unknown>>): boolean {
  const { file, key, start, size } = (value ?? {}) as { [K in keyof IndexedPart]?: unknown }
  return (
    typeof file === 'string' &&
    Object.hasOwn(files, file) &&
    (key === undefined || typeof key === 'string') &&
    (start === undefined) === (size === undefined) &&
    (start === undefined || (isSizes(start) && isSizes(size) && start.length === size.length))
  )
}
