import type { Elements } from '@levin/core'
import type { Place } from './place.js'

/** Elements of the same type, all zero. */
export function like(data: Elements, length: number): Elements {
  if (data instanceof Float32Array) return new Float32Array(length)
  return data instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length)
}

/** A mean is a sum with a factor. */
export function scale(data: Elements, factor: number): void {
  for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) * factor
}

/**
 * Parts of `count` elements for all ranks, in blocks of one length for all processes: those with fewer ranks than others have
 * empty places at the end of theirs. The same elements where all have as many.
 */
export function blocksOfProcesses({ sizes, firsts }: Place, whole: Elements, count: number): Elements {
  const most = Math.max(...sizes)
  if (most * sizes.length * count === whole.length) return whole
  const blocks = like(whole, most * sizes.length * count)
  for (const [process, first] of firsts.entries()) {
    const part = whole.subarray(first * count, (first + (sizes[process] as number)) * count)
    put(blocks, part, process * most * count)
  }
  return blocks
}

/** The way back. */
export function copyBlocks({ sizes, firsts }: Place, blocks: Elements, whole: Elements, count: number): void {
  const most = Math.max(...sizes)
  for (const [process, first] of firsts.entries()) {
    const start = process * most * count
    put(whole, blocks.subarray(start, start + (sizes[process] as number) * count), first * count)
  }
}

/**
 * Between `rows`, what each rank of this process has for every rank, and `blocks`, what this process has for each other one:
 * before they travel from the rows, and after it into them.
 */
export function transposed(
  { sizes, firsts, process, size }: Place,
  count: number,
  rows: Elements,
  blocks: Elements,
  way: 'leaving' | 'arriving',
): void {
  const most = Math.max(...sizes)
  for (const [other, first] of firsts.entries()) {
    for (let own = 0; own < (sizes[process] as number); own++) {
      for (let theirs = 0; theirs < (sizes[other] as number); theirs++) {
        const row = (own * size + first + theirs) * count
        const [sender, receiver] = way === 'leaving' ? [own, theirs] : [theirs, own]
        const block = ((other * most + sender) * most + receiver) * count
        if (way === 'leaving') put(blocks, rows.subarray(row, row + count), block)
        else put(rows, blocks.subarray(block, block + count), row)
      }
    }
  }
}

// The three types have one method of one meaning, which the compiler does not see.
const put = (target: Elements, part: Elements, at: number): void => (target as Uint8Array).set(part, at)
