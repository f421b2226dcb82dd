import { deriveKey, fillNormal, keep, type Parameter, type ProcessGroup } from '@levin/core'
import { add, matMul, mul, reshape, sub, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core'
import { partsOf } from '../group/same-module.js'
import type { Task } from '../group/task.js'
import type { TensorAccess } from '../group/tensor-access.js'
import { orthonormalise } from './orthonormalise.js'

export interface PowerSgdOptions {
  /** Rank of the approximations. */
  readonly rank: number
  /** How many times fewer numbers a matrix must need for it to be approximated at all. */
  readonly minCompressionRate: number
}

/** A gradient that is on its way, and takes the sum's place. */
export interface GradientSlot {
  readonly parameter: Parameter
  gradient: Tensor
}

/** What PowerSGD remembers of a parameter from step to step. */
interface Memory {
  /** `[columns, rank]`: where the last step left it; the power iteration goes on from there. */
  readonly basis: Tensor2D
  /** `[rows, columns]`: what this rank's gradients had that approximations did not carry yet. */
  readonly error: Tensor2D | undefined
}

interface Work extends Shape {
  readonly slot: GradientSlot
  readonly before: Memory
  /** `[rows, columns]`: the gradient and what earlier ones owe. */
  readonly matrix: Tensor2D
}

interface Shape {
  readonly rows: number
  readonly columns: number
}

/**
 * PowerSGD (Vogels, Karimireddy & Jaggi 2019, algorithms 1 and 2): of a gradient M `[rows, columns]` a rank sends
 * P = M Q `[rows, rank]` and then Mᵀ P̂ `[columns, rank]`, where P̂ is the orthonormalised sum of all P; everybody takes
 * P̂ (Σ Mᵀ P̂)ᵀ for the sum of the gradients. What that lacks is added to the next gradient (error feedback), and Q is the last
 * step's second factor (warm start). A filter `[height, width, in, out]` is the matrix `[height · width · in, out]`.
 */
export class PowerSgd {
  readonly #options: PowerSgdOptions
  readonly #access: TensorAccess
  readonly #memory = new Map<Parameter, Memory>()

  constructor(options: PowerSgdOptions, access: TensorAccess) {
    this.#options = options
    this.#access = access
  }

  /** Whether a gradient of this shape is worth approximating. */
  compresses(shape: readonly number[]): boolean {
    const { rows, columns } = matrixShape(shape)
    const { rank, minCompressionRate } = this.#options
    return shape.length > 1 && (rows + columns) * rank * minCompressionRate <= rows * columns
  }

  /** Puts the approximate sum over all ranks into each slot. All ranks bring the same parameters in the same order. */
  *sum(slots: readonly GradientSlot[], group: ProcessGroup): Task {
    if (slots.length === 0) return
    const work = slots.map((slot) => this.#begin(slot))
    const left: Tensor2D[] = []
    try {
      const leftValues = yield* this.#factor(
        work,
        group,
        ({ rows }) => rows,
        ({ matrix, before }) => matMul(matrix, before.basis),
      )
      for (const [{ rows }, values] of leftValues) {
        orthonormalise(values, rows, this.#options.rank)
        left.push(this.#access.upload(values, [rows, this.#options.rank]) as Tensor2D)
      }
      const right = yield* this.#factor(
        work,
        group,
        ({ columns }) => columns,
        ({ matrix }, index) => matMul(matrix, left[index] as Tensor2D, true, false),
      )
      for (const [index, [each, values]] of right.entries())
        this.#finish(each, left[index] as Tensor2D, values, group.size)
    } finally {
      for (const { matrix } of work) matrix.dispose()
      for (const each of left) each.dispose()
    }
  }

  dispose(): void {
    for (const memory of this.#memory.values()) free(memory)
    this.#memory.clear()
  }

  #begin(slot: GradientSlot): Work {
    const { rows, columns } = matrixShape(slot.parameter.shape)
    const before = this.#memory.get(slot.parameter) ?? { basis: this.#freshBasis(slot.parameter), error: undefined }
    this.#memory.set(slot.parameter, before)
    const matrix = tidy(() => {
      const gradient = reshape(slot.gradient, [rows, columns])
      return keep(before.error ? add(gradient, before.error) : gradient.clone()) as Tensor2D
    })
    return { slot, before, matrix, rows, columns }
  }

  /** One of the two factors of every matrix, summed over the ranks in one collective. */
  *#factor(
    work: readonly Work[],
    group: ProcessGroup,
    lengthOf: (shape: Shape) => number,
    product: (work: Work, index: number) => Tensor,
  ): Task<[Work, Float32Array][]> {
    const sized = work.map((each) => ({ each, size: lengthOf(each) * this.#options.rank }))
    const values = new Float32Array(sized.reduce((sum, { size }) => sum + size, 0))
    const parts = partsOf(sized, values)
    for (const [index, [{ each }, part]] of parts.entries()) {
      const factor = keep(tidy(() => product(each, index)))
      try {
        yield () => this.#access.read(factor, part)
      } finally {
        factor.dispose()
      }
    }
    if (group.size > 1) yield (collectives) => collectives.allReduce(values, 'sum')
    return parts.map(([{ each }, part]) => [each, part])
  }

  #finish({ slot, before, matrix, columns }: Work, left: Tensor2D, right: Float32Array, ranks: number): void {
    const { rank } = this.#options
    const factor = this.#access.upload(right, [columns, rank]) as Tensor2D
    const approximation = keep(tidy(() => matMul(left, factor, false, true)))
    // A part of the approximation for every rank: together they owe what it lacks.
    const error = keep(tidy(() => sub(matrix, mul(approximation, 1 / ranks)))) as Tensor2D
    const basis = this.#alive(slot.parameter, factor, right)
    free(before)
    this.#memory.set(slot.parameter, { basis, error })
    slot.gradient.dispose()
    slot.gradient = keep(tidy(() => reshape(approximation, slot.parameter.shape as [number])))
    approximation.dispose()
  }

  /** A column that became 0 would stay so for ever: such a basis begins anew, with the same numbers on all ranks. */
  #alive(parameter: Parameter, factor: Tensor2D, values: Float32Array): Tensor2D {
    const { rank } = this.#options
    for (let column = 0; column < rank; column++) {
      let isZero = true
      for (let i = column; isZero && i < values.length; i += rank) isZero = values[i] === 0
      if (!isZero) continue
      factor.dispose()
      return this.#freshBasis(parameter)
    }
    return factor
  }

  #freshBasis(parameter: Parameter): Tensor2D {
    const { columns } = matrixShape(parameter.shape)
    const values = new Float32Array(columns * this.#options.rank)
    fillNormal(values, deriveKey(0, 'powerSGD', parameter.path))
    return this.#access.upload(values, [columns, this.#options.rank]) as Tensor2D
  }
}

function matrixShape(shape: readonly number[]): Shape {
  const columns = shape.at(-1) ?? 1
  return { rows: shape.slice(0, -1).reduce((product, size) => product * size, 1), columns }
}

function free({ basis, error }: Memory): void {
  basis.dispose()
  error?.dispose()
}
