import { describe, LevinError, type NumericData, type TensorRecord } from '@levin/core'
import { arrayOf, BYTES_PER_ELEMENT, bytesOf, storedAs } from './dtypes.js'
import { encodeHeader, inFileOrder, type TensorEntry } from './header.js'
import { sizeOf } from './sizes.js'
import { type NamedEntry, namedEntries, withSlices } from './slices.js'

/** Bytes that are hashed and written at a time: a few milliseconds of work between two turns of the event loop. */
const CHUNK_BYTES = 4 << 20

/**
 * A safetensors file, piece by piece: the header first, then each tensor's values, read when their turn comes.
 *
 * @param metadata texts for `__metadata__`, which readers may ignore
 * @throws LEVIN_SHAPE naming a tensor whose values do not fit its shape, LEVIN_BAD_OPTION for two of one name
 */
export async function* safetensors(
  records: readonly TensorRecord[],
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const entries = namedEntries(records)
  const planned = plan(entries)
  yield encodeHeader({ tensors: planned.map(({ entry }) => entry), metadata: withSlices(entries, metadata) })
  for (const { record } of planned) {
    const bytes = bytesOf(requireValues(record, await record.data()))
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES)
  }
}

function plan(entries: readonly NamedEntry[]): { readonly entry: TensorEntry; readonly record: TensorRecord }[] {
  const planned = entries.map(({ key: name, record }) => {
    const { dtype, shape } = record
    return { record, name, dtype: storedAs(dtype) ?? refuseType(record), shape }
  })
  let start = 0
  return planned.sort(inFileOrder).map(({ record, name, dtype, shape }) => {
    const end = start + sizeOf(shape) * BYTES_PER_ELEMENT[dtype]
    const entry = { name, dtype, shape: [...shape], start, end }
    start = end
    return { entry, record }
  })
}

const refuseType = ({ name, dtype }: TensorRecord): never => {
  throw new LevinError('LEVIN_BAD_OPTION', {
    expected: 'tensors of float32, int32 or bool',
    found: `'${name}' of ${describe(dtype)}`,
  })
}

function requireValues({ name, dtype, shape }: TensorRecord, data: NumericData): NumericData {
  if (data instanceof arrayOf[dtype] && data.length === sizeOf(shape)) return data
  throw new LevinError('LEVIN_SHAPE', {
    message: `'${name}' cannot be written.`,
    expected: `a ${arrayOf[dtype].name} of ${sizeOf(shape)} for shape [${shape.join(', ')}]`,
    found: `${describe(data)} of ${data?.length}`,
  })
}
