import type { Kernel } from '../../suites/kernels/kernels.js'

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** Numbers in ±1 that no two inputs share: the same in every contender. */
export const filled = (shape: readonly number[], salt: number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, index) => Math.sin((index + 1) * (0.7 + salt)))

export const classIndices = (rows: number, classes: number): Int32Array =>
  Int32Array.from({ length: rows }, (_, row) => (row * 7919) % classes)

/** Of all results: what contenders are compared by. */
export const norm = (results: readonly ArrayLike<number>[]): number =>
  Math.sqrt(results.reduce((sum, values) => sum + squares(values), 0))

function squares(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2
  return sum
}

/** The kernel that the process was started for. */
export const asked = (): Kernel => JSON.parse(process.argv[2] ?? '') as Kernel
