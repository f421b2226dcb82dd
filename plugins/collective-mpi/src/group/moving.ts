import type { Elements } from '@levin/core'
import { partOf, requireRoot, requireTarget, typeNumber, typeOf } from '@levin/distributed/elements'
import { type PinnedView, PinnedWords } from '../native/pinned.js'
import type { Kind } from './check.js'
import { alone, type Collective, type CountLimits, copyWithin, type Transfer } from './collective.js'
import type { Progress } from './progress.js'

/** The collectives that move data as they are. */
export class MovingCollectives {
  readonly #collective: Collective
  readonly #limits: CountLimits

  constructor(collective: Collective, limits: CountLimits) {
    this.#collective = collective
    this.#limits = limits
  }

  /** @param kind what it is part of, as others are told */
  allGather(data: Elements, target: Elements, lengths?: readonly number[], kind: Kind = 'allGather'): Progress {
    const { size, rank } = this.#collective.context
    const counts = lengths ?? new Array<number>(size).fill(data.length)
    const total = counts.reduce((sum, count) => sum + count, 0)
    requireTarget('allGather', data, target, total, 'what all ranks bring')
    requireTarget('allGather', data, data, counts[rank] ?? -1, 'its length in the list of lengths')
    const [from, to] = [this.#pin('allGather', data), this.#pin('allGather', target)]
    const offsets = counts.map((_, index) => counts.slice(0, index).reduce((sum, count) => sum + count, 0))
    const [sent, received] = [data.byteLength * (size - 1), target.byteLength - data.byteLength]
    const detail = typeNumber(typeOf(data))
    return this.#collective.run({ kind, count: total, detail, views: [from, to], sent, received }, () => {
      if (size === 1) return alone(() => copyWithin(data, 0, total, target, 0))
      if (total <= this.#limits.elements) return this.#allGather(from, to, counts, offsets)
      copyWithin(data, 0, data.length, target, offsets[rank] as number)
      const width = data.BYTES_PER_ELEMENT
      const [source, place] = [from.address, to.address]
      return this.#transfer(
        (peer) => ({ peer, address: source, bytes: data.byteLength }),
        (peer) => ({
          peer,
          address: place + (offsets[peer] as number) * width,
          bytes: (counts[peer] as number) * width,
        }),
      )
    })
  }

  *#allGather(from: PinnedView, to: PinnedView, counts: readonly number[], offsets: readonly number[]): Progress {
    const { mpi, size } = this.#collective.context
    const numbers = new PinnedWords(mpi.koffi, 2 * size)
    numbers.words.set(counts)
    numbers.words.set(offsets, size)
    const type = mpi.handles[typeOf(from.view)]
    const own = [from.address, from.length, type] as const
    const all = [to.address, numbers.address, numbers.address + 4 * size, type] as const
    yield* this.#collective.mpi('MPI_Iallgatherv', ...own, ...all)
    // MPI reads them until now: this mention keeps the collector from them.
    numbers.words.fill(0)
  }

  broadcast(data: Elements, source: number): Progress {
    const { size, rank, mpi } = this.#collective.context
    requireRoot('broadcast', source, size)
    const view = this.#pin('broadcast', data)
    const type = typeOf(data)
    const detail = 10 * source + typeNumber(type)
    const isSource = rank === source
    const [sent, received] = isSource ? [data.byteLength * (size - 1), 0] : [0, data.byteLength]
    return this.#collective.run({ kind: 'broadcast', count: data.length, detail, views: [view], sent, received }, () =>
      size === 1 ? alone() : this.#broadcast(view, mpi.handles[type], source),
    )
  }

  *#broadcast({ address, length, view }: PinnedView, type: number, source: number): Progress {
    const most = this.#limits.elements
    for (let start = 0; start < length; start += most) {
      const count = Math.min(most, length - start)
      yield* this.#collective.mpi('MPI_Ibcast', address + start * view.BYTES_PER_ELEMENT, count, type, source)
    }
  }

  gather(data: Elements, target: Elements | undefined, root: number): Progress {
    const { size, rank, mpi } = this.#collective.context
    requireRoot('gather', root, size)
    const isRoot = rank === root
    if (isRoot) requireTarget('gather', data, target ?? data, data.length * size, 'what all ranks bring')
    const from = this.#pin('gather', data)
    const to = isRoot ? this.#pin('gather', target ?? data) : undefined
    const [type, count, bytes] = [typeOf(data), data.length, data.byteLength]
    const detail = 10 * root + typeNumber(type)
    const [sent, received] = isRoot ? [0, bytes * (size - 1)] : [bytes, 0]
    return this.#collective.run({ kind: 'gather', count, detail, views: [from, to], sent, received }, () => {
      if (size > 1 && count * size <= this.#limits.elements) {
        const handle = mpi.handles[type]
        const all = [to?.address ?? 0, count, handle] as const
        return this.#collective.mpi('MPI_Igather', from.address, count, handle, ...all, root)
      }
      if (to) copyWithin(data, 0, count, to.view, rank * count)
      const [source, place] = [from.address, to?.address]
      return this.#transfer(
        (peer) => (peer === root ? { peer, address: source, bytes } : undefined),
        (peer) => (place === undefined ? undefined : { peer, address: place + peer * bytes, bytes }),
      )
    })
  }

  scatter(data: Elements | undefined, target: Elements, root: number): Progress {
    const { size, rank, mpi } = this.#collective.context
    requireRoot('scatter', root, size)
    const isRoot = rank === root
    if (isRoot) requireTarget('scatter', target, data ?? target, target.length * size, 'a part for each rank')
    const from = isRoot ? this.#pin('scatter', data ?? target) : undefined
    const to = this.#pin('scatter', target)
    const [type, count, bytes] = [typeOf(target), target.length, target.byteLength]
    const detail = 10 * root + typeNumber(type)
    const [sent, received] = isRoot ? [bytes * (size - 1), 0] : [0, bytes]
    return this.#collective.run({ kind: 'scatter', count, detail, views: [from, to], sent, received }, () => {
      if (size > 1 && count * size <= this.#limits.elements) {
        const handle = mpi.handles[type]
        const own = [to.address, count, handle] as const
        return this.#collective.mpi('MPI_Iscatter', from?.address ?? 0, count, handle, ...own, root)
      }
      if (from) copyWithin(from.view, rank * count, count, target, 0)
      const [source, place] = [from?.address, to.address]
      return this.#transfer(
        (peer) => (source === undefined ? undefined : { peer, address: source + peer * bytes, bytes }),
        (peer) => (peer === root ? { peer, address: place, bytes } : undefined),
      )
    })
  }

  allToAll(data: Elements, target: Elements): Progress {
    const { size, rank, mpi } = this.#collective.context
    requireTarget('allToAll', data, target, data.length, 'as many as are sent')
    const count = partOf('allToAll', data, size)
    const [from, to] = [this.#pin('allToAll', data), this.#pin('allToAll', target)]
    const type = typeOf(data)
    const bytes = count * data.BYTES_PER_ELEMENT
    const moved = bytes * (size - 1)
    const detail = typeNumber(type)
    return this.#collective.run(
      { kind: 'allToAll', count, detail, views: [from, to], sent: moved, received: moved },
      () => {
        if (size > 1 && data.length <= this.#limits.elements) {
          const handle = mpi.handles[type]
          return this.#collective.mpi('MPI_Ialltoall', from.address, count, handle, to.address, count, handle)
        }
        copyWithin(data, rank * count, count, target, rank * count)
        const [source, place] = [from.address, to.address]
        return this.#transfer(
          (peer) => ({ peer, address: source + peer * bytes, bytes }),
          (peer) => ({ peer, address: place + peer * bytes, bytes }),
        )
      },
    )
  }

  barrier(): Progress {
    const { size } = this.#collective.context
    return this.#collective.run({ kind: 'barrier', count: 0, detail: 0, views: [], sent: 0, received: 0 }, () =>
      size === 1 ? alone() : this.#collective.mpi('MPI_Ibarrier'),
    )
  }

  #pin(operation: string, data: Elements): PinnedView {
    return this.#collective.pin(operation, data)
  }

  /** What this rank sends to each other one, and receives from it. */
  #transfer(sends: (peer: number) => Transfer | undefined, receives: (peer: number) => Transfer | undefined): Progress {
    const others = this.#collective.others()
    const all = (each: (peer: number) => Transfer | undefined): Transfer[] => others.flatMap((peer) => each(peer) ?? [])
    return this.#collective.transfer(all(sends), all(receives), this.#limits.bytes)
  }
}
