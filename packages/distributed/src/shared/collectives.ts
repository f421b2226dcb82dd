// The collectives as generators: they copy into this rank's slot, meet the others, and copy out of theirs. Data larger than
// a slot goes in turns; slots rotate, so that a rank fills the next one while others still read the last.
import type { Elements, ReduceOperation } from '@levin/core'
import { bytesOf, partOf, requireRoot, requireTarget, typeNumber, typeOf } from '../elements.js'
import type { Block } from './block.js'
import { CHUNK } from './layout.js'
import { type Reduction, reductionOf, reductionsOn } from './reductions.js'
import type { Progress } from './wait.js'

/** What an all-reduce of up to this many bytes costs in meetings is more than what every rank saves by sharing the work. */
const SMALL = 16 * 1024

/** Bytes that this rank put forward for others to read, and that it read of others. */
export interface Traffic {
  operations: number
  bytesSent: number
  bytesReceived: number
}

export class SharedCollectives {
  readonly #block: Block
  readonly #traffic: Traffic

  constructor(block: Block, traffic: Traffic) {
    this.#block = block
    this.#traffic = traffic
  }

  allReduce(data: Elements, operation: ReduceOperation): Progress {
    const type = typeOf(data)
    const reduction = reductionOf(type, operation, this.#block.size)
    this.#begin()
    return this.#allReduce(bytesOf(data), data.BYTES_PER_ELEMENT, reduction, {
      count: data.length,
      detail: 10 * typeNumber(type) + reduction.number + (reduction.scale === 1 ? 0 : 5),
    })
  }

  *#allReduce(data: Uint8Array, elementBytes: number, reduction: Reduction, about: { count: number; detail: number }) {
    const block = this.#block
    const { size, rank, layout } = block
    block.describe({ name: 'allReduce', ...about })
    if (size === 1 || data.length === 0) {
      yield* block.meet(true)
      return
    }
    if (data.length <= SMALL) {
      yield* this.#allReduceAtOnce(data, elementBytes, reduction)
      return
    }
    const chunks = Math.ceil(data.length / CHUNK)
    const first = block.turn
    block.turn += chunks
    const chunk = (index: number) => data.subarray(index * CHUNK, Math.min(data.length, (index + 1) * CHUNK))
    block.bytes.set(chunk(0), layout.slot(first, rank))
    yield* block.meet(true)
    for (let index = 0; index < chunks; index++) {
      const own = chunk(index)
      // Whole cache lines: no two ranks write to one.
      const share = 64 * Math.ceil(own.length / size / 64)
      const [from, to] = [Math.min(own.length, rank * share), Math.min(own.length, (rank + 1) * share)]
      const slot = layout.slot(first + index, 0)
      this.#reduce(reduction, slot + from, slot + from, (to - from) / elementBytes)
      if (index + 1 < chunks) block.bytes.set(chunk(index + 1), layout.slot(first + index + 1, rank))
      yield* block.meet()
      own.set(block.bytes.subarray(slot, slot + own.length))
      this.#count(
        own.length - (to - from) + (to - from) * (size - 1),
        (to - from) * (size - 1) + own.length - (to - from),
      )
    }
  }

  /** Everybody reduces everything: one meeting. */
  *#allReduceAtOnce(data: Uint8Array, elementBytes: number, reduction: Reduction) {
    const block = this.#block
    const { size, rank, layout } = block
    const turn = block.turn++
    block.bytes.set(data, layout.slot(turn, rank))
    yield* block.meet(true)
    const result = layout.scratch(rank)
    this.#reduce(reduction, layout.slot(turn, 0), result, data.length / elementBytes)
    data.set(block.bytes.subarray(result, result + data.length))
    this.#count(data.length * (size - 1), data.length * (size - 1))
  }

  reduceScatter(data: Elements, target: Elements, operation: ReduceOperation): Progress {
    const type = typeOf(data)
    const { size, rank, layout } = this.#block
    const part = partOf('reduceScatter', data, size)
    requireTarget('reduceScatter', data, target, part, 'the part of a rank')
    const reduction = reductionOf(type, operation, size)
    const [from, to] = [bytesOf(data), bytesOf(target)]
    const partBytes = part * data.BYTES_PER_ELEMENT
    return this.#exchange(
      { name: 'reduceScatter', count: part, detail: 10 * typeNumber(type) + reduction.number },
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
        this.#reduce(reduction, layout.slot(turn, 0) + rank * stride, result, elements)
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
    about: { name: string; count: number; detail: number },
    bytes: number,
    parts: number,
    write: (turn: number, start: number, length: number, stride: number) => void,
    read: (turn: number, start: number, length: number, stride: number) => void,
  ): Progress {
    this.#begin()
    return this.#turns(about, bytes, parts, write, read)
  }

  *#turns(
    about: { name: string; count: number; detail: number },
    bytes: number,
    parts: number,
    write: (turn: number, start: number, length: number, stride: number) => void,
    read: (turn: number, start: number, length: number, stride: number) => void,
  ): Progress {
    const block = this.#block
    block.describe(about)
    const stride = 64 * Math.floor(CHUNK / parts / 64)
    let first = true
    for (let start = 0; first || start < bytes; start += stride) {
      const length = Math.min(stride, bytes - start)
      const turn = block.turn++
      write(turn, start, length, stride)
      yield* block.meet(first)
      read(turn, start, length, stride)
      first = false
    }
  }

  #write(from: Uint8Array, start: number, length: number, at: number): void {
    if (length > 0) this.#block.bytes.set(from.subarray(start, start + length), at)
  }

  #read(at: number, length: number, to: Uint8Array, start: number): void {
    if (length > 0) to.set(this.#block.bytes.subarray(at, at + length), start)
  }

  #reduce({ reduce, number, scale }: Reduction, first: number, target: number, count: number): void {
    const { arena, layout, size } = this.#block
    reductionsOn(arena.memory)[reduce](number, first, layout.slotStride, size, target, count, scale)
  }

  #begin(): void {
    this.#traffic.operations++
  }

  #count(sent: number, received: number): void {
    this.#traffic.bytesSent += sent
    this.#traffic.bytesReceived += received
  }
}

const nothing = (): void => {}

/** How many of `length` bytes from `start` on lie within `size`. */
const within = (start: number, length: number, size: number): number => Math.max(0, Math.min(length, size - start))
