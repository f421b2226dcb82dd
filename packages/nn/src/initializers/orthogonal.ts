import { fillNormal, type Initializer } from '@levin/core'
import { numberWithin } from '../options.js'

export interface OrthogonalOptions {
  /** Factor on all values. Default 1. */
  readonly gain?: number
}

/**
 * A matrix with orthonormal columns (or rows, whichever are fewer), uniform among such. Saxe et al. 2013; PyTorch's
 * `orthogonal_`. Filters count as `[everything else, out]`.
 *
 * Every element depends on all of them, so a shard computes the whole and takes its part: for an n × n weight n³
 * multiplications on the host (about a second at n = 1024).
 */
export function orthogonal({ gain = 1 }: OrthogonalOptions = {}): Initializer {
  numberWithin('orthogonal', 'gain', gain, { above: 0 })
  return {
    name: 'orthogonal',
    fill(target, key, layout) {
      const { globalShape, start, shape } = layout
      const columns = globalShape.at(-1) ?? 1
      const rows = globalShape.slice(0, -1).reduce((product, size) => product * size, 1)
      const random = new Float32Array(rows * columns)
      fillNormal(random, key)
      const whole = orthonormal(random, rows, columns)
      takeSlice(target, whole, { globalShape, start, shape }, gain)
    },
  }
}

// --- Internal helpers ---

/** Vectors of normals made orthonormal: the columns of `[rows, columns]`, or the rows where they are fewer. */
function orthonormal(random: Float32Array, rows: number, columns: number): Float64Array {
  const result = Float64Array.from(random)
  const [count, length] = columns <= rows ? [columns, rows] : [rows, columns]
  // Element i of vector v.
  const place = columns <= rows ? (v: number, i: number) => i * columns + v : (v: number, i: number) => v * columns + i
  const vectors = Array.from({ length: count }, (_, v) =>
    Float64Array.from({ length }, (_, i) => result[place(v, i)] as number),
  )
  vectors.forEach((vector, v) => {
    // Twice is enough: Gram–Schmidt loses orthogonality where little of a vector remains.
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < v; other++) subtractProjection(vector, vectors[other] as Float64Array)
    }
    const norm = Math.sqrt(dot(vector, vector))
    for (let i = 0; i < length; i++) result[place(v, i)] = vector[i] = (vector[i] as number) / norm
  })
  return result
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit)
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) - share * (unit[i] as number)
}

function takeSlice(
  target: Float32Array,
  whole: Float64Array,
  layout: { globalShape: readonly number[]; start: readonly number[]; shape: readonly number[] },
  gain: number,
): void {
  const { globalShape, start, shape } = layout
  for (let i = 0; i < target.length; i++) {
    let rest = i
    let offset = 0
    let stride = 1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number
      offset += ((rest % size) + (start[axis] as number)) * stride
      rest = Math.floor(rest / size)
      stride *= globalShape[axis] as number
    }
    target[i] = gain * (whole[offset] as number)
  }
}
