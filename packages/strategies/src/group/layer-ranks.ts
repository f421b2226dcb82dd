import { type Collectives, type LayerRanks, LevinError, type ProcessGroup } from '@levin/core'
import { concat, split, type Tensor, tensor } from '@tensorflow/tfjs-core'
import type { TensorAccess } from './tensor-access.js'

/** The ranks of a group that blocks, as layers see them. */
export class GroupLayerRanks implements LayerRanks {
  readonly count: number
  readonly index: number
  readonly #collectives: Collectives
  readonly #access: TensorAccess
  readonly #lengths: Int32Array

  constructor(group: ProcessGroup, collectives: Collectives, access: TensorAccess) {
    this.count = group.size
    this.index = group.rank
    this.#collectives = collectives
    this.#access = access
    this.#lengths = new Int32Array(group.size)
  }

  sum(x: Tensor): Tensor {
    return this.#reduce(x, 'sum')
  }

  max(x: Tensor): Tensor {
    return this.#reduce(x, 'max')
  }

  #reduce(x: Tensor, operation: 'sum' | 'max'): Tensor {
    const values = this.#values(x).slice()
    if (values.length > 0) this.#collectives.allReduce(values, operation)
    return tensor(values, x.shape, 'float32')
  }

  gather(x: Tensor, axis: number): Tensor {
    const place = axis < 0 ? x.rank + axis : axis
    this.#collectives.allGather(Int32Array.of(x.shape[place] as number), this.#lengths)
    const rest = x.shape.reduce((product, size, each) => (each === place ? product : product * size), 1)
    const counts = [...this.#lengths].map((length) => length * rest)
    const all = new Float32Array(counts.reduce((sum, count) => sum + count, 0))
    this.#collectives.allGather(this.#values(x), all, counts)
    let at = 0
    const parts = counts.map((count, rank) => {
      at += count
      const shape = x.shape.map((size, each) => (each === place ? (this.#lengths[rank] as number) : size))
      return tensor(all.subarray(at - count, at), shape as [number], 'float32')
    })
    return concat(parts, place)
  }

  sumScatter(x: Tensor, axis: number): Tensor {
    const place = axis < 0 ? x.rank + axis : axis
    const length = x.shape[place] as number
    if (length % this.count !== 0) throw indivisible(x, place, this.count)
    // The collective divides what lies one behind the other: parts along an inner axis are brought into that order first.
    const ordered = this.#values(place === 0 ? x : concat(split(x, this.count, place), 0))
    const own = new Float32Array(x.size / this.count)
    this.#collectives.reduceScatter(ordered, own, 'sum')
    return tensor(own, x.shape.map((size, each) => (each === place ? size / this.count : size)) as [number], 'float32')
  }

  rotate(tensors: readonly Tensor[]): Tensor[] {
    const next = (this.index + 1) % this.count
    const before = (this.index + this.count - 1) % this.count
    return tensors.map((x) => {
      const own = this.#values(x).slice()
      const received = new Float32Array(x.size)
      if (this.count === 1) received.set(own)
      else this.#pass(own, received, next, before)
      return tensor(received, x.shape, 'float32')
    })
  }

  /** Who sends before it receives waits for one that does the same, so every other rank does it the other way round. */
  #pass(own: Float32Array, received: Float32Array, next: number, before: number): void {
    const sends = () => this.#collectives.send(own, next)
    const receives = () => this.#collectives.receive(received, before)
    if (this.index % 2 === 0) {
      sends()
      receives()
    } else {
      receives()
      sends()
    }
  }

  #values(x: Tensor): Float32Array {
    return this.#access.values(x)
  }
}

const indivisible = (x: Tensor, axis: number, count: number): LevinError =>
  new LevinError('LEVIN_SHAPE', {
    message: `A tensor of shape [${x.shape.join(', ')}] cannot be divided evenly among ${count} ranks.`,
    expected: `axis ${axis} to be a multiple of ${count}`,
    found: `${x.shape[axis]}`,
    remedy:
      'Under sequence and context parallelism the length of a sequence must be a multiple of the ranks that share it.',
  })
