// The collectives as generators: they copy into this rank's slot, meet the others, and copy out of theirs. Data larger than
// a slot goes in turns; slots rotate, so that a rank fills the next one while others still read the last.
import type { Elements, ReduceOperation } from '@levin/core'
import { bytesOf, partOf, requireRoot, requireTarget, typeNumber, typeOf } from '../elements.js'
import type { Block, Description } from './block.js'
import { copy } from './copy.js'
import { CHUNK, LINE } from './layout.js'
import type { Reduction, Reductions } from './reductions.js'
import { SMALL, type SmallAllReduce } from './small-all-reduce.js'
import type { Progress } from './wait.js'

/** Bytes that this rank put forward for others to read, and that it read of others. */
export interface Traffic {
  operations: number
  bytesSent: number
  bytesReceived: number
}

export class SharedCollectives {
  readonly #block: Block
  readonly #traffic: Traffic
  readonly #reductions: Reductions
  readonly #small: SmallAllReduce

  constructor(block: Block, traffic: Traffic, reductions: Reductions, small: SmallAllReduce) {
    this.#block = block
    this.#traffic = traffic
    this.#reductions = reductions
    this.#small = small
  }

  allReduce(data: Elements, operation: ReduceOperation): Progress {
    const reduction = this.#reductions.of(typeOf(data), operation)
    if (data.byteLength <= SMALL && this.#block.size > 1)
      return this.#allReduceAtOnce(bytesOf(data), data.length, reduction)
    this.#begin()
    return this.#allReduceInTurns(data, reduction)
  }

  *#allReduceAtOnce(data: Uint8Array, count: number, reduction: Reduction): Progress {
    this.#small.begin(data, count, reduction)
    yield* this.#block.others()
    this.#block.compare()
    this.#small.end(data, count, reduction)
  }

  /**
   * Each rank reduces its share of a chunk. While the others do theirs it copies its own result out and the next chunk in, so
   * that one meeting per chunk is enough.
   */
  *#allReduceInTurns(elements: Elements, { reduce, detail }: Reduction): Progress {
    const block = this.#block
    const { size, rank, layout } = block
    const data = bytesOf(elements)
    const chunks = Math.ceil(data.length / CHUNK)
    const length = inLines(data.length / chunks)
    const first = block.turn
    block.turn += chunks
    const chunk = (index: number) => data.subarray(index * length, Math.min(data.length, (index + 1) * length))
    const put = (index: number) => copy(block.bytes, chunk(index), layout.slot(first + index, rank))
    put(0)
    block.describe('allReduce', elements.length, detail)
    yield* block.meet()
    block.compare()
    for (let index = 0; index < chunks; index++) {
      const own = chunk(index)
      const share = inLines(own.length / size)
      const bounds = [0, share, rank * share, (rank + 1) * share, own.length].map((at) => Math.min(at, own.length))
      const [start, cut, from, to, end] = bounds as [number, number, number, number, number]
      const slots = [0, 1, rank].map((r) => layout.slot(first + index, r)) as [number, number, number]
      // Results replace what one of the first two ranks put forward.
      const result = slots[rank === 0 ? 0 : 1]
      const take = (slot: number, at: number, until: number) => {
        if (at < until) copy(own, block.bytes.subarray(slot + at, slot + until), at)
      }
      reduce(slots[0] + from, slots[2] + from, result + from, (to - from) / elements.BYTES_PER_ELEMENT)
      take(result, from, to)
      if (index + 1 < chunks) put(index + 1)
      yield* block.meet()
      if (rank > 0) take(slots[0], start, cut)
      take(slots[1], cut, Math.max(cut, from))
      take(slots[1], Math.max(cut, to), end)
      const others = own.length - (to - from)
      this.#count(others + (to - from) * (size - 1), (to - from) * (size - 1) + others)
    }
  }

  reduceScatter(data: Elements, target: Elements, operation: ReduceOperation): Progress {
    const { detail, reduce } = this.#reductions.of(typeOf(data), operation)
    const { size, rank, layout } = this.#block
    const part = partOf('reduceScatter', data, size)
    requireTarget('reduceScatter', data, target, part, 'the part of a rank')
    const [from, to] = [bytesOf(data), bytesOf(target)]
    const partBytes = part * data.BYTES_PER_ELEMENT
    return this.#exchange(
      { name: 'reduceScatter', count: part, detail },
      partBytes,
      size,
      (turn, start, length, stride) => {
        for (let r = 0; r < size; r++) {
          this.#write(from, r * partBytes + start, length, layout.slot(turn, rank) + r * stride)
        }
        this.#count(length * (size - 1), 0)
      },
      (turn, start, length, stride) => {
        const result = layout.scratch(rank)
        const elements = length / data.BYTES_PER_ELEMENT
        reduce(layout.slot(turn, 0) + rank * stride, layout.slot(turn, rank) + rank * stride, result, elements)
        this.#read(result, length, to, start)
        this.#count(0, length * (size - 1))
      },
    )
  }

  allGather(data: Elements, target: Elements, lengths?: readonly number[]): Progress {
    const { size, rank, layout } = this.#block
    const counts = lengths ?? new Array<number>(size).fill(data.length)
    const total = counts.reduce((sum, count) => sum + count, 0)
    requireTarget('allGather', data, target, total, 'what all ranks bring')
    requireTarget('allGather', data, data, counts[rank] ?? -1, `its length in the list of lengths`)
    const width = data.BYTES_PER_ELEMENT
    const [from, to] = [bytesOf(data), bytesOf(target)]
    const offsets = counts.map((_, r) => counts.slice(0, r).reduce((sum, count) => sum + count * width, 0))
    return this.#exchange(
      { name: 'allGather', count: total, detail: typeNumber(typeOf(data)) },
      Math.max(...counts) * width,
      1,
      (turn, start, length) => {
        const own = within(start, length, from.length)
        this.#write(from, start, own, layout.slot(turn, rank))
        this.#count(own * (size - 1), 0)
      },
      (turn, start, length) => {
        for (let r = 0; r < size; r++) {
          const there = within(start, length, (counts[r] as number) * width)
          if (there === 0) continue
          const place = (offsets[r] as number) + start
          if (r === rank) to.set(from.subarray(start, start + there), place)
          else this.#read(layout.slot(turn, r), there, to, place)
          if (r !== rank) this.#count(0, there)
        }
      },
    )
  }

  broadcast(data: Elements, source: number): Progress {
    const { size, rank, layout } = this.#block
    requireRoot('broadcast', source, size)
    const bytes = bytesOf(data)
    return this.#exchange(
      { name: 'broadcast', count: data.length, detail: 10 * source + typeNumber(typeOf(data)) },
      bytes.length,
      1,
      (turn, start, length) => {
        if (rank !== source) return
        this.#write(bytes, start, length, layout.slot(turn, rank))
        this.#count(length * (size - 1), 0)
      },
      (turn, start, length) => {
        if (rank === source) return
        this.#read(layout.slot(turn, source), length, bytes, start)
        this.#count(0, length)
      },
    )
  }

  gather(data: Elements, target: Elements | undefined, root: number): Progress {
    const { size, rank, layout } = this.#block
    requireRoot('gather', root, size)
    if (rank === root) requireTarget('gather', data, target ?? data, data.length * size, 'what all ranks bring')
    const [from, to] = [bytesOf(data), target && bytesOf(target)]
    return this.#exchange(
      { name: 'gather', count: data.length, detail: 10 * root + typeNumber(typeOf(data)) },
      from.length,
      1,
      (turn, start, length) => {
        this.#write(from, start, length, layout.slot(turn, rank))
        this.#count(rank === root ? 0 : length, 0)
      },
      (turn, start, length) => {
        if (rank !== root || !to) return
        for (let r = 0; r < size; r++) this.#read(layout.slot(turn, r), length, to, r * from.length + start)
        this.#count(0, length * (size - 1))
      },
    )
  }

  scatter(data: Elements | undefined, target: Elements, root: number): Progress {
    const { size, rank, layout } = this.#block
    requireRoot('scatter', root, size)
    if (rank === root) requireTarget('scatter', target, data ?? target, target.length * size, 'a part for each rank')
    const [from, to] = [data && bytesOf(data), bytesOf(target)]
    return this.#exchange(
      { name: 'scatter', count: target.length, detail: 10 * root + typeNumber(typeOf(target)) },
      to.length,
      size,
      (turn, start, length, stride) => {
        if (rank !== root || !from) return
        for (let r = 0; r < size; r++)
          this.#write(from, r * to.length + start, length, layout.slot(turn, root) + r * stride)
        this.#count(length * (size - 1), 0)
      },
      (turn, start, length, stride) => {
        this.#read(layout.slot(turn, root) + rank * stride, length, to, start)
        this.#count(0, rank === root ? 0 : length)
      },
    )
  }

  allToAll(data: Elements, target: Elements): Progress {
    const { size, rank, layout } = this.#block
    requireTarget('allToAll', data, target, data.length, 'as many as are sent')
    const part = partOf('allToAll', data, size)
    const [from, to] = [bytesOf(data), bytesOf(target)]
    const partBytes = part * data.BYTES_PER_ELEMENT
    return this.#exchange(
      { name: 'allToAll', count: part, detail: typeNumber(typeOf(data)) },
      partBytes,
      size,
      (turn, start, length, stride) => {
        for (let r = 0; r < size; r++)
          this.#write(from, r * partBytes + start, length, layout.slot(turn, rank) + r * stride)
        this.#count(length * (size - 1), 0)
      },
      (turn, start, length, stride) => {
        for (let r = 0; r < size; r++)
          this.#read(layout.slot(turn, r) + rank * stride, length, to, r * partBytes + start)
        this.#count(0, length * (size - 1))
      },
    )
  }

  barrier(): Progress {
    return this.#exchange({ name: 'barrier', count: 0, detail: 0 }, 0, 1, nothing, nothing)
  }

  /**
   * `bytes` of each part, as many at a time as fit: `write` fills this rank's slot with `parts` pieces, `stride` bytes apart,
   * and after all have met `read` takes what is for this rank.
   */
  #exchange(
    about: Description,
    bytes: number,
    parts: number,
    write: (turn: number, start: number, length: number, stride: number) => void,
    read: (turn: number, start: number, length: number, stride: number) => void,
  ): Progress {
    this.#begin()
    return this.#turns(about, bytes, parts, write, read)
  }

  *#turns(
    about: Description,
    bytes: number,
    parts: number,
    write: (turn: number, start: number, length: number, stride: number) => void,
    read: (turn: number, start: number, length: number, stride: number) => void,
  ): Progress {
    const block = this.#block
    const stride = 64 * Math.floor(CHUNK / parts / 64)
    let first = true
    for (let start = 0; first || start < bytes; start += stride) {
      const length = Math.min(stride, bytes - start)
      const turn = block.turn++
      write(turn, start, length, stride)
      if (first) block.describe(about.name, about.count, about.detail)
      yield* block.meet()
      if (first) block.compare()
      read(turn, start, length, stride)
      first = false
    }
  }

  #write(from: Uint8Array, start: number, length: number, at: number): void {
    if (length > 0) copy(this.#block.bytes, from.subarray(start, start + length), at)
  }

  #read(at: number, length: number, to: Uint8Array, start: number): void {
    if (length > 0) copy(to, this.#block.bytes.subarray(at, at + length), start)
  }

  #begin(): void {
    this.#traffic.operations++
  }

  #count(sent: number, received: number): void {
    this.#traffic.bytesSent += sent
    this.#traffic.bytesReceived += received
  }
}

/** Whole cache lines: no two ranks write to one. */
const inLines = (bytes: number): number => LINE * Math.ceil(bytes / LINE)

const nothing = (): void => {}

/** How many of `length` bytes from `start` on lie within `size`. */
const within = (start: number, length: number, size: number): number => Math.max(0, Math.min(length, size - start))
