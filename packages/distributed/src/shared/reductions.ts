import type { ReduceOperation } from '@levin/core'
import { type ElementType, requireReduction, typeNumber } from '../elements.js'
import { reductionsModule } from '../generated/reductions.js'
import type { Block } from './block.js'

type Reduce = (
  first: number,
  stride: number,
  ranks: number,
  rank: number,
  own: number,
  target: number,
  count: number,
  scale: number,
) => void

/** `sumFloats` and so on: for all that `requireReduction` lets through. */
type ReductionExports = Readonly<Record<string, Reduce>> & {
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

/** Under which ranks tell each other an operation. */
const NUMBERS: Readonly<Record<ReduceOperation, number>> = { sum: 0, mean: 1, min: 2, max: 3, product: 4 }

/** How `assembly/index.ts` calls what it reduces, and its bytes. */
const TYPES: Readonly<Record<ElementType, readonly [name: string, bytes: number]>> = {
  float32: ['Floats', 4],
  int32: ['Integers', 4],
  uint8: ['Bytes', 1],
}

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
    const [name, bytes] = TYPES[type]
    const kernels = reductionsOn(arena.memory)
    // A mean is a sum with a factor.
    const kernel = kernels[`${operation === 'mean' ? 'sum' : operation}${name}`] as Reduce
    const [stride, scale] = [layout.slotStride, operation === 'mean' ? 1 / size : 1]
    const reduction: Reduction = {
      detail: 10 * typeNumber(type) + NUMBERS[operation],
      reduce: (first, own, target, count) =>
        size === 1
          ? kernels.move(own, target, count * bytes)
          : kernel(first, stride, size, rank, own, target, count, scale),
    }
    this.#made[type][operation] = reduction
    return reduction
  }
}
