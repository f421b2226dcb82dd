// The matrix product on 32-bit integers (confusion matrices, counts): plain loops, since nothing trains on it. A row of C
// gathers multiples of the rows of op(B); overflow wraps.

/** `C[rows, columns] = op(A) op(B)`, all dense and row-major as stored. */
export function matmulInt(
  transposeA: bool,
  transposeB: bool,
  rows: i32,
  columns: i32,
  depth: i32,
  a: usize,
  b: usize,
  c: usize,
): void {
  memory.fill(c, 0, <usize>(rows * columns) << 2)
  const stepA = <usize>(transposeA ? rows : 1) << 2
  const stepB = <usize>(transposeB ? depth : 1) << 2
  for (let i = 0; i < rows; i++) {
    let left = a + (<usize>(transposeA ? i : i * depth) << 2)
    for (let k = 0; k < depth; k++) {
      const value = load<i32>(left)
      left += stepA
      let right = b + (<usize>(transposeB ? k : k * columns) << 2)
      let d = c + (<usize>(i * columns) << 2)
      for (let j = 0; j < columns; j++) {
        store<i32>(d, load<i32>(d) + value * load<i32>(right))
        right += stepB
        d += 4
      }
    }
  }
}
