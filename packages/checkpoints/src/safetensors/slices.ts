import type { TensorRecord } from '@levin/core'
import { corrupt } from '../checkpoint-errors.js'

type SliceLayout = NonNullable<TensorRecord['slice']>

/** The key in `__metadata__` under which the places of parts are kept: other readers see tensors of the parts' shapes. */
const SLICES = 'levin.slices'

/** The metadata of a file, with the place in the whole of every tensor that is a part. */
export function withSlices(
  records: readonly TensorRecord[],
  metadata: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const parts = records.filter(({ slice }) => slice)
  if (parts.length === 0) return metadata
  const places = parts.map(({ name, slice }) => [name, { globalShape: slice?.globalShape, start: slice?.start }])
  return { ...metadata, [SLICES]: JSON.stringify(Object.fromEntries(places)) }
}

/**
 * Reads the places of parts.
 *
 * @returns the layout of a tensor by its name and shape; `undefined` for whole ones
 * @throws LEVIN_CHECKPOINT_CORRUPT naming the file
 */
export function slicesOf(
  metadata: Readonly<Record<string, string>>,
  file: string,
): (name: string, shape: readonly number[]) => SliceLayout | undefined {
  const text = metadata[SLICES]
  if (text === undefined) return () => undefined
  const places = new Map(Object.entries(parse(text, file)))
  return (name, shape) => {
    const place = places.get(name)
    if (place === undefined) return undefined
    const { globalShape, start } = (place ?? {}) as Partial<SliceLayout>
    if (isInside(globalShape, start, shape)) return { globalShape, start, shape } as SliceLayout
    throw corrupt(file, `'${name}' of shape [${shape.join(', ')}] does not lie where it says in the whole`)
  }
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

function isInside(globalShape: unknown, start: unknown, shape: readonly number[]): boolean {
  if (!Array.isArray(globalShape) || !Array.isArray(start)) return false
  if (globalShape.length !== shape.length || start.length !== shape.length) return false
  return shape.every((size, axis) => {
    const first: unknown = start[axis]
    const whole: unknown = globalShape[axis]
    return (
      Number.isSafeInteger(first) &&
      Number.isSafeInteger(whole) &&
      (first as number) >= 0 &&
      (first as number) + size <= (whole as number)
    )
  })
}
