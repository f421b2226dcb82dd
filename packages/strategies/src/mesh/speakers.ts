import type { ProcessGroup } from '@levin/core'
import { type AxisNumbers, placeOf, speaks } from './layout.js'

/** What the ranks bring on which steps run to their end, one for each part of the data, on all ranks. All bring as many values. */
export async function speakersOf(
  world: ProcessGroup,
  sizes: AxisNumbers,
  values: Float64Array,
): Promise<readonly Float64Array[]> {
  // Collectives know no float64.
  const bytes = new Uint8Array(values.byteLength * world.size)
  const own = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  await (world.blocking ?? world.asynchronous).allGather(own, bytes)
  const all = new Float64Array(bytes.buffer)
  return Array.from({ length: world.size }, (_, rank) =>
    all.slice(rank * values.length, (rank + 1) * values.length),
  ).filter((_, rank) => speaks(placeOf(rank, sizes), sizes))
}
