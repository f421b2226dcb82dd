import { LevinError, type SliceLayout, type TensorRecord, wholeShapeOf } from '@levin/core'
import { corrupt } from '../checkpoint-errors.js'
import { isSizes, sizeOf } from './sizes.js'

/** The key in `__metadata__` under which the places of slices are kept: other readers see tensors of the slices' shapes. */
const SLICES = 'levin.slices'

/** What a file says of an entry that is a slice. */
interface Place {
  /** The tensor, where the entry cannot have its name: a file may hold several slices of one. */
  readonly tensor?: string
  readonly globalShape: readonly number[]
  readonly start: readonly number[]
  /** Where the slice is a stretch of a tensor of several axes. */
  readonly wholeShape?: readonly number[]
}

/** A record under the name that it has within one file. */
export interface NamedEntry {
  readonly key: string
  readonly record: TensorRecord
}

/**
 * Gives every record a name of its own within a file: that of its tensor, or one made of it for a further slice.
 *
 * @throws LEVIN_BAD_OPTION for two whole tensors of one name
 */
export function namedEntries(records: readonly TensorRecord[]): NamedEntry[] {
  const names = new Set(records.map(({ name }) => name))
  const taken = new Set<string>()
  return records.map((record) => {
    const { name, slice } = record
    if (name === '__metadata__' || (taken.has(name) && !slice)) {
      throw new LevinError('LEVIN_BAD_OPTION', {
        expected: 'tensors of different names',
        found: `'${name}' ${taken.has(name) ? 'twice' : 'as a name'}`,
      })
    }
    let key = name
    for (let n = 2; taken.has(key) || (key !== name && names.has(key)); n++) key = `${name}#${n}`
    taken.add(key)
    return { key, record }
  })
}

/** The metadata of a file, with the place in the whole of every entry that is a slice. */
export function withSlices(
  entries: readonly NamedEntry[],
  metadata: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const places = entries.flatMap(({ key, record }): [string, Place][] => {
    const { name, slice } = record
    if (!slice) return []
    const { globalShape, start } = slice
    const whole = wholeShapeOf(record)
    return [
      [
        key,
        {
          ...(key === name ? {} : { tensor: name }),
          globalShape,
          start,
          ...(whole === globalShape ? {} : { wholeShape: whole }),
        },
      ],
    ]
  })
  return places.length ? { ...metadata, [SLICES]: JSON.stringify(Object.fromEntries(places)) } : metadata
}

/** What a record has beyond name, type and values: nothing where it is whole. */
export type Slicing = Pick<TensorRecord, 'name' | 'slice' | 'wholeShape'>

/**
 * Reads the places of slices.
 *
 * @returns what an entry is a slice of, by its key and shape
 * @throws LEVIN_CHECKPOINT_CORRUPT naming the file
 */
export function slicesOf(
  metadata: Readonly<Record<string, string>>,
  file: string,
): (key: string, shape: readonly number[]) => Slicing {
  const text = metadata[SLICES]
  if (text === undefined) return (name) => ({ name })
  const places = new Map(Object.entries(parse(text, file)))
  return (key, shape) => {
    const place = places.get(key) as unknown
    if (place === undefined) return { name: key }
    const slicing = slicingOf(key, place, shape)
    if (slicing) return slicing
    throw corrupt(file, `'${key}' of shape [${shape.join(', ')}] does not lie where it says in the whole`)
  }
}

function slicingOf(key: string, place: unknown, shape: readonly number[]): Slicing | undefined {
  const { tensor = key, globalShape, start, wholeShape } = (place ?? {}) as { [K in keyof Place]?: unknown }
  if (typeof tensor !== 'string' || !isSizes(globalShape) || !isSizes(start)) return undefined
  const slice: SliceLayout = { globalShape, start, shape }
  if (!isInside(slice)) return undefined
  if (wholeShape === undefined) return { name: tensor, slice }
  const stretches = isSizes(wholeShape) && globalShape.length === 1 && sizeOf(wholeShape) === globalShape[0]
  return stretches ? { name: tensor, slice, wholeShape } : undefined
}

function parse(text: string, file: string): object {
  try {
    const places: unknown = JSON.parse(text)
    if (typeof places === 'object' && places !== null) return places
  } catch (cause) {
    throw corrupt(file, `its '${SLICES}' is not JSON`, cause)
  }
  throw corrupt(file, `its '${SLICES}' is no object`)
}

const isInside = ({ globalShape, start, shape }: SliceLayout): boolean =>
  globalShape.length === shape.length &&
  start.length === shape.length &&
  shape.every((size, axis) => (start[axis] as number) + size <= (globalShape[axis] as number))
