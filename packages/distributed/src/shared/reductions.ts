import type { ReduceOperation } from '@levin/core'
import { type ElementType, requireReduction } from '../elements.js'
import { reductionsModule } from '../generated/reductions.js'

type Reduce = (
  op: number,
  first: number,
  stride: number,
  ranks: number,
  target: number,
  count: number,
  scale: number,
) => void

interface ReductionExports {
  readonly reduceFloats: Reduce
  readonly reduceIntegers: Reduce
  readonly reduceBytes: Reduce
}

let compiled: WebAssembly.Module | undefined
const instances = new WeakMap<WebAssembly.Memory, ReductionExports>()

/** The reductions on a shared memory. */
export function reductionsOn(memory: WebAssembly.Memory): ReductionExports {
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

/** How one type of elements is reduced by one operation. */
export interface Reduction {
  readonly number: number
  readonly scale: number
  readonly reduce: keyof ReductionExports
}

const BY_TYPE: Readonly<Record<ElementType, keyof ReductionExports>> = {
  float32: 'reduceFloats',
  int32: 'reduceIntegers',
  uint8: 'reduceBytes',
}

/** @throws LEVIN_NOT_SUPPORTED where the type has no such operation */
export function reductionOf(type: ElementType, operation: ReduceOperation, ranks: number): Reduction {
  requireReduction(type, operation)
  return { number: NUMBERS[operation], scale: operation === 'mean' ? 1 / ranks : 1, reduce: BY_TYPE[type] }
}
