/**
 * Makes the columns of a matrix orthonormal in place, one after the other, each against all before it (modified Gram-Schmidt),
 * in double precision. A column of which nothing is left becomes 0 and takes no part.
 *
 * @param matrix `[rows, columns]`, row by row
 */
export function orthonormalise(matrix: Float32Array, rows: number, columns: number): void {
  const done: Float64Array[] = []
  for (let column = 0; column < columns; column++) {
    const vector = Float64Array.from({ length: rows }, (_, row) => matrix[row * columns + column] as number)
    const before = norm(vector)
    for (const other of done) {
      const share = dot(vector, other)
      for (let row = 0; row < rows; row++) vector[row] = (vector[row] as number) - share * (other[row] as number)
    }
    const length = norm(vector)
    // What is left of a column that depends on the others is rounding alone, in single precision as it came.
    const scale = length > EPSILON * before ? 1 / length : 0
    for (let row = 0; row < rows; row++) {
      vector[row] = (vector[row] as number) * scale
      matrix[row * columns + column] = vector[row] as number
    }
    done.push(vector)
  }
}

const EPSILON = 1e-6

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector))
