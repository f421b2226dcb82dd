// The collectives of two levels: among the ranks of a process, between the first ranks of all processes, and among the ranks of a
// process again. Data cross the network once per process, not once per rank.
import type { Elements, ReduceOperation } from '@levin/core'
import { partOf, requireReduction, requireRoot, requireTarget, typeOf } from '../elements.js'
import { blocksOfProcesses, copyBlocks, like, scale, transposed } from './layout.js'
import { locate, type Place } from './place.js'
import { after, between, inside, type Steps } from './steps.js'

/** Checks its arguments when it is called, and gives the steps. */
export class Levels {
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  allReduce(data: Elements, operation: ReduceOperation): Steps {
    requireReduction(typeOf(data), operation)
    return this.#allReduce(data, operation)
  }

  *#allReduce(data: Elements, operation: ReduceOperation): Steps {
    const { inner, outer, size } = this.#place
    const sum = operation === 'mean' ? 'sum' : operation
    yield inside(inner, (form, options) => form.allReduce(data, sum, options))
    if (outer) {
      yield between(outer, (form, options) => form.allReduce(data, sum, options))
      if (operation === 'mean') scale(data, 1 / size)
    }
    yield after(inner, (form, options) => form.broadcast(data, 0, options))
  }

  reduceScatter(data: Elements, target: Elements, operation: ReduceOperation): Steps {
    const part = partOf('reduceScatter', data, this.#place.size)
    requireTarget('reduceScatter', data, target, part, 'the part of a rank')
    requireReduction(typeOf(data), operation)
    return this.#reduceScatter(data, target, operation)
  }

  *#reduceScatter(data: Elements, target: Elements, operation: ReduceOperation): Steps {
    const { inner, outer, size, sizes, process } = this.#place
    const sum = operation === 'mean' ? 'sum' : operation
    const whole = data.slice()
    yield inside(inner, (form, options) => form.allReduce(whole, sum, options))
    let mine: Elements | undefined
    if (outer) {
      const blocks = blocksOfProcesses(this.#place, whole, target.length)
      const block = like(data, blocks.length / sizes.length)
      yield between(outer, (form, options) => form.reduceScatter(blocks, block, sum, options))
      mine = block.subarray(0, target.length * (sizes[process] as number))
      if (operation === 'mean') scale(mine, 1 / size)
    }
    yield after(inner, (form, options) => form.scatter(mine, target, 0, options))
  }

  allGather(data: Elements, target: Elements, lengths?: readonly number[]): Steps {
    const { size, rank } = this.#place
    const counts = lengths ?? new Array<number>(size).fill(data.length)
    const total = counts.reduce((sum, count) => sum + count, 0)
    requireTarget('allGather', data, target, total, 'what all ranks bring')
    requireTarget('allGather', data, data, counts[rank] ?? -1, 'its length in the list of lengths')
    return this.#allGather(data, target, counts)
  }

  *#allGather(data: Elements, target: Elements, counts: readonly number[]): Steps {
    const { inner, outer, sizes, firsts, process } = this.#place
    const of = (index: number): readonly number[] => {
      const first = firsts[index] as number
      return counts.slice(first, first + (sizes[index] as number))
    }
    const totals = sizes.map((_, index) => of(index).reduce((sum, count) => sum + count, 0))
    const mine = like(data, totals[process] as number)
    yield inside(inner, (form, options) => form.allGather(data, mine, of(process), options))
    if (outer) yield between(outer, (form, options) => form.allGather(mine, target, totals, options))
    yield after(inner, (form, options) => form.broadcast(target, 0, options))
  }

  broadcast(data: Elements, source: number): Steps {
    requireRoot('broadcast', source, this.#place.size)
    return this.#broadcast(data, source)
  }

  *#broadcast(data: Elements, source: number): Steps {
    const { inner, outer, process } = this.#place
    const from = locate(this.#place, source)
    if (process === from.process) yield inside(inner, (form, options) => form.broadcast(data, from.inner, options))
    if (outer) yield between(outer, (form, options) => form.broadcast(data, from.process, options))
    if (process !== from.process) yield after(inner, (form, options) => form.broadcast(data, 0, options))
  }

  gather(data: Elements, target: Elements | undefined, root: number): Steps {
    const { size, rank } = this.#place
    requireRoot('gather', root, size)
    if (rank === root) requireTarget('gather', data, target ?? data, data.length * size, 'what all ranks bring')
    return this.#gather(data, target, root)
  }

  *#gather(data: Elements, target: Elements | undefined, root: number): Steps {
    const { inner, outer, process, sizes, size } = this.#place
    const to = locate(this.#place, root)
    const count = data.length
    const most = Math.max(...sizes) * count
    const block = outer && like(data, most)
    const own = block?.subarray(0, (sizes[process] as number) * count)
    yield inside(inner, (form, options) => form.gather(data, own, 0, options))
    const isThere = process === to.process
    const whole = isThere ? (inner.rank === to.inner && target ? target : like(data, size * count)) : undefined
    if (outer && block) {
      const blocks = isThere ? like(data, most * sizes.length) : undefined
      yield between(outer, (form, options) => form.gather(block, blocks, to.process, options))
      if (blocks && whole) copyBlocks(this.#place, blocks, whole, count)
    }
    // Ranks of a process have no way from one to another that its own collectives know.
    if (whole && to.inner !== 0) yield after(inner, (form, options) => form.broadcast(whole, 0, options))
    // An operation ends for all ranks of a process when it has ended between processes.
    else if (inner.size > 1) yield after(inner, (form, options) => form.barrier(options))
  }

  scatter(data: Elements | undefined, target: Elements, root: number): Steps {
    const { size, rank } = this.#place
    requireRoot('scatter', root, size)
    if (rank === root) requireTarget('scatter', target, data ?? target, target.length * size, 'a part for each rank')
    return this.#scatter(data, target, root)
  }

  *#scatter(data: Elements | undefined, target: Elements, root: number): Steps {
    const { inner, outer, process, sizes, size } = this.#place
    const from = locate(this.#place, root)
    const count = target.length
    let whole = inner.rank === from.inner ? data : undefined
    if (process === from.process && from.inner !== 0) {
      const copy = whole ?? like(target, size * count)
      whole = copy
      yield inside(inner, (form, options) => form.broadcast(copy, from.inner, options))
    }
    let mine: Elements | undefined
    if (outer) {
      const blocks = process === from.process && whole ? blocksOfProcesses(this.#place, whole, count) : undefined
      const block = like(target, Math.max(...sizes) * count)
      yield between(outer, (form, options) => form.scatter(blocks, block, from.process, options))
      mine = block.subarray(0, (sizes[process] as number) * count)
    }
    yield after(inner, (form, options) => form.scatter(mine, target, 0, options))
  }

  allToAll(data: Elements, target: Elements): Steps {
    requireTarget('allToAll', data, target, data.length, 'as many as are sent')
    return this.#allToAll(data, target, partOf('allToAll', data, this.#place.size))
  }

  *#allToAll(data: Elements, target: Elements, count: number): Steps {
    const { inner, outer, process, sizes } = this.#place
    const rows = outer && like(data, (sizes[process] as number) * data.length)
    yield inside(inner, (form, options) => form.gather(data, rows, 0, options))
    if (outer && rows) {
      const length = sizes.length * Math.max(...sizes) ** 2 * count
      const [leaving, arriving] = [like(data, length), like(data, length)]
      transposed(this.#place, count, rows, leaving, 'leaving')
      yield between(outer, (form, options) => form.allToAll(leaving, arriving, options))
      transposed(this.#place, count, rows, arriving, 'arriving')
    }
    yield after(inner, (form, options) => form.scatter(rows, target, 0, options))
  }

  *barrier(): Steps {
    const { inner, outer } = this.#place
    yield inside(inner, (form, options) => form.barrier(options))
    if (outer) yield between(outer, (form, options) => form.barrier(options))
    yield after(inner, (form, options) => form.barrier(options))
  }
}
