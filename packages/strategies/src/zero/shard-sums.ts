import { keep, type Parameter } from '@levin/core'
import { accumulate } from '@levin/ops'
import { mul, type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { TensorAccess } from '../group/tensor-access.js'
import type { Line } from './line.js'

/** The gradients of what this rank holds, added up over the micro-batches of a window. */
export class ShardSums {
  readonly #access: TensorAccess
  readonly #rank: number
  readonly #sums = new Map<Parameter, Tensor>()

  constructor(access: TensorAccess, rank: number) {
    this.#access = access
    this.#rank = rank
  }

  /** @param stretch this rank's, of the line's gradients */
  add(line: Line, stretch: Float32Array, wanted: ReadonlySet<Parameter>): void {
    for (const [index, parameter] of line.parameters.entries()) {
      if (!wanted.has(parameter)) continue
      const { count } = line.piece(index, this.#rank)
      const offset = line.offset(index, this.#rank)
      const shape = line.shard(index, this.#rank)?.shape ?? parameter.shape
      this.#add(parameter, this.#access.upload(stretch.subarray(offset, offset + count), shape))
    }
  }

  #add(parameter: Parameter, gradient: Tensor): void {
    const sum = this.#sums.get(parameter)
    if (!sum) {
      this.#sums.set(parameter, gradient)
      return
    }
    if (gradient.size > 0) this.#replace(parameter, sum, accumulate(sum, gradient))
    gradient.dispose()
  }

  /** The mean: sums times `factor`, without those of parameters that nobody's loss depends on. They stay this object's. */
  mean(factor: number, used: (parameter: Parameter) => boolean): ReadonlyMap<Parameter, Tensor> {
    for (const [parameter, sum] of this.#sums) {
      if (used(parameter)) this.#replace(parameter, sum, this.#scaled(sum, factor))
      else {
        sum.dispose()
        this.#sums.delete(parameter)
      }
    }
    return this.#sums
  }

  #scaled(sum: Tensor, factor: number): Tensor {
    if (factor === 1 || sum.size === 0) return sum
    const memory = this.#access.ownMemory(sum)
    if (!memory) return tidy(() => mul(sum, factor))
    for (let i = 0; i < memory.length; i++) memory[i] = (memory[i] as number) * factor
    return sum
  }

  dispose(): void {
    for (const sum of this.#sums.values()) sum.dispose()
    this.#sums.clear()
  }

  #replace(parameter: Parameter, before: Tensor, after: Tensor): void {
    if (after === before) return
    this.#sums.set(parameter, keep(after))
    before.dispose()
  }
}
