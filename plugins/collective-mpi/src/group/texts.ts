import type { ProcessGroup } from '@levin/core'

/** What every rank says, in the order of the ranks. */
export async function gatherTexts({ asynchronous, size }: ProcessGroup, text: string): Promise<string[]> {
  const own = new TextEncoder().encode(text)
  const lengths = new Int32Array(size)
  await asynchronous.allGather(Int32Array.of(own.length), lengths)
  const counts = [...lengths]
  const all = new Uint8Array(counts.reduce((sum, length) => sum + length, 0))
  await asynchronous.allGather(own, all, counts)
  let start = 0
  return counts.map((length) => {
    start += length
    return new TextDecoder().decode(all.subarray(start - length, start))
  })
}
