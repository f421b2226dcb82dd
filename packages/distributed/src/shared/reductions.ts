import type { ReduceOperation } from '@levin/core'
import { type ElementType, requireReduction, typeNumber } from '../elements.js'
import { reductionsModule } from '../generated/reductions.js'
import type { Block } from './block.js'

type Reduce = (
  op: number,
  first: number,
  stride: number,
  ranks: number,
  rank: number,
  own: number,
  target: number,
  count: number,
  scale: number,
) => void

interface ReductionExports {
  readonly reduceFloats: Reduce
  readonly reduceIntegers: Reduce
  readonly reduceBytes: Reduce
  readonly move: (from: number, to: number, bytes: number) => void
}

let compiled: WebAssembly.Module | undefined
const instances = new WeakMap<WebAssembly.Memory, ReductionExports>()

/** The kernels on a shared memory. */
function reductionsOn(memory: WebAssembly.Memory): ReductionExports {
  let instance = instances.get(memory)
  if (instance === undefined) {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(reductionsModule), (c) => c.charCodeAt(0)))
    instance = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as ReductionExports
    instances.set(memory, instance)
  }
  return instance
}

/** By their numbers in `assembly/index.ts`. A mean is a sum with a factor. */
const NUMBERS: Readonly<Record<ReduceOperation, number>> = { sum: 0, mean: 0, min: 1, max: 2, product: 3 }

const BY_TYPE = {
  float32: 'reduceFloats',
  int32: 'reduceIntegers',
  uint8: 'reduceBytes',
} as const satisfies Record<ElementType, keyof ReductionExports>

const WIDTHS: Readonly<Record<ElementType, number>> = { float32: 4, int32: 4, uint8: 1 }

/** How one type of elements is reduced by one operation, over what the ranks of a group put forward. */
export interface Reduction {
  /** Under which ranks tell each other what they do. */
  readonly detail: number
  /**
   * Reduces `count` elements. Those of rank 0 begin at byte `first`, those of the others a slot further each, and this rank's
   * own at `own`. What follows the last element on its cache line is overwritten too.
   *
   * @param target where the first or the second rank's elements lie, or elsewhere
   */
  reduce(first: number, own: number, target: number, count: number): void
}

/** The reductions of a group. Each is made once: a small one is over sooner than it is made. */
export class Reductions {
  readonly #block: Block
  readonly #made: Record<ElementType, Partial<Record<ReduceOperation, Reduction>>> = {
    float32: {},
    int32: {},
    uint8: {},
  }

  constructor(block: Block) {
    this.#block = block
  }

  /** @throws LEVIN_NOT_SUPPORTED where the type has no such operation */
  of(type: ElementType, operation: ReduceOperation): Reduction {
    return this.#made[type][operation] ?? this.#make(type, operation)
  }

  #make(type: ElementType, operation: ReduceOperation): Reduction {
    requireReduction(type, operation)
    const { arena, layout, rank, size } = this.#block
    const { [BY_TYPE[type]]: kernel, move } = reductionsOn(arena.memory)
    const [number, stride, scale] = [NUMBERS[operation], layout.slotStride, operation === 'mean' ? 1 / size : 1]
    const reduction: Reduction = {
      detail: 10 * typeNumber(type) + number + (operation === 'mean' ? 5 : 0),
      reduce: (first, own, target, count) =>
        size === 1
          ? move(own, target, count * WIDTHS[type])
          : kernel(number, first, stride, size, rank, own, target, count, scale),
    }
    this.#made[type][operation] = reduction
    return reduction
  }
}
