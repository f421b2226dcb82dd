import type { CheckpointContent, CheckpointIO, PartReceipt, SharedSaves, TensorRecord } from '@levin/core'

/** The share of one of several ranks: of each tensor an equal stretch, the last ones empty where it does not divide. */
export function partOf(content: CheckpointContent, index: number, count: number) {
  const cut = (records: Iterable<TensorRecord>) => Array.from(records, (record) => stretchOf(record, index, count))
  const optimizer = content.optimizer as Iterable<TensorRecord> | undefined
  return {
    index,
    count,
    model: cut(content.model as Iterable<TensorRecord>),
    ...(optimizer ? { optimizer: cut(optimizer) } : {}),
  }
}

function stretchOf(record: TensorRecord, index: number, count: number): TensorRecord {
  const size = record.shape.reduce((product, length) => product * length, 1)
  const each = Math.ceil(size / count)
  const [start, end] = [Math.min(size, index * each), Math.min(size, (index + 1) * each)]
  const shape = [end - start]
  return {
    name: record.name,
    dtype: record.dtype,
    shape,
    slice: { globalShape: [size], start: [start], shape },
    wholeShape: record.shape,
    data: async () => (await record.data()).slice(start, end),
  }
}

export const sharedOf = (io: CheckpointIO): SharedSaves => {
  if (io.shared) return io.shared
  throw new Error('It has no shared saves.')
}

/** What as many ranks do that save together, each with an I/O of its own, the first one's for beginning and completing. */
export async function saveInParts(
  ios: readonly CheckpointIO[],
  location: string,
  content: CheckpointContent,
): Promise<void> {
  const [first] = ios as [CheckpointIO, ...CheckpointIO[]]
  const { receipts } = await writeParts(ios, location, content)
  await sharedOf(first).complete(location, content, receipts)
}

/** As {@link saveInParts}, up to where it would be completed. */
export async function writeParts(
  ios: readonly CheckpointIO[],
  location: string,
  content: CheckpointContent,
): Promise<{ save: string; receipts: PartReceipt[] }> {
  const save = await sharedOf(ios[0] as CheckpointIO).begin(location)
  const receipts = await Promise.all(
    ios.map((io, index) => sharedOf(io).write(location, { save, ...partOf(content, index, ios.length) })),
  )
  return { save, receipts }
}
