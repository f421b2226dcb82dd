// The largest pixel and the mean of each window, channels side by side. Tensors are channels-last. Windows that reach over the
// border are cut off at it; one that lies outside has −∞, and 0 / 0. A mean with NaN is NaN; a maximum passes over NaN, as tfjs
// defines it, and is −∞ where there is nothing else.
import { get, put } from './lanes'

/** `pmax` keeps its first operand where the second is NaN; the first never is. */
@inline
function join(largest: bool, result: v128, value: v128): v128 {
  return largest ? f32x4.pmax(result, value) : f32x4.add(result, value)
}

@inline
function start(largest: bool): v128 {
  return f32x4.splat(largest ? -Infinity : 0)
}

/** Four channels of a window, or one; `at` is their place in its first pixel, lines lie `line` bytes apart. */
@inline
function some(
  largest: bool, at: usize, y: usize, rows: i32, columns: i32, pixel: usize, line: usize, share: v128, whole: bool,
): void {
  let result = start(largest)
  for (let i = 0; i < rows; i++) {
    let from = at
    for (let j = 0; j < columns; j++) {
      result = join(largest, result, get(from, whole))
      from += pixel
    }
    at += line
  }
  put(y, largest ? result : f32x4.mul(result, share), whole)
}

/** Sixteen channels: what is read of a pixel is one line of the cache. */
@inline
function sixteen(
  largest: bool, at: usize, y: usize, rows: i32, columns: i32, pixel: usize, line: usize, share: v128,
): void {
  let r0 = start(largest)
  let r1 = r0
  let r2 = r0
  let r3 = r0
  for (let i = 0; i < rows; i++) {
    let from = at
    for (let j = 0; j < columns; j++) {
      r0 = join(largest, r0, v128.load(from))
      r1 = join(largest, r1, v128.load(from, 16))
      r2 = join(largest, r2, v128.load(from, 32))
      r3 = join(largest, r3, v128.load(from, 48))
      from += pixel
    }
    at += line
  }
  v128.store(y, largest ? r0 : f32x4.mul(r0, share))
  v128.store(y, largest ? r1 : f32x4.mul(r1, share), 16)
  v128.store(y, largest ? r2 : f32x4.mul(r2, share), 32)
  v128.store(y, largest ? r3 : f32x4.mul(r3, share), 48)
}

@inline
function window(
  largest: bool, at: usize, y: usize, rows: i32, columns: i32, pixel: usize, line: usize, channels: i32,
): void {
  const share = f32x4.splat((<f32>1) / <f32>(rows * columns))
  for (; channels >= 16; channels -= 16) {
    sixteen(largest, at, y, rows, columns, pixel, line, share)
    at += 64
    y += 64
  }
  for (; channels >= 4; channels -= 4) {
    some(largest, at, y, rows, columns, pixel, line, share, true)
    at += 16
    y += 16
  }
  for (; channels > 0; channels--) {
    some(largest, at, y, rows, columns, pixel, line, share, false)
    at += 4
    y += 4
  }
}

@inline
function pool(
  largest: bool, x: usize, y: usize, images: i32, height: i32, width: i32, channels: i32, filterHeight: i32,
  filterWidth: i32, outHeight: i32, outWidth: i32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
): void {
  const pixel = <usize>channels << 2
  const line = <usize>width * pixel
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < outHeight; i++) {
      const top = max(0, i * strideHeight - padTop)
      const rows = max(0, min(height, i * strideHeight - padTop + filterHeight) - top)
      for (let j = 0; j < outWidth; j++) {
        const left = max(0, j * strideWidth - padLeft)
        const columns = max(0, min(width, j * strideWidth - padLeft + filterWidth) - left)
        window(largest, x + <usize>top * line + <usize>left * pixel, y, rows, columns, pixel, line, channels)
        y += pixel
      }
    }
    x += <usize>height * line
  }
}

/** `y[images, outHeight, outWidth, channels]` from `x[images, height, width, channels]`. */
export function maxPool(
  x: usize, y: usize, images: i32, height: i32, width: i32, channels: i32, filterHeight: i32, filterWidth: i32,
  outHeight: i32, outWidth: i32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
): void {
  pool(
    true, x, y, images, height, width, channels, filterHeight, filterWidth, outHeight, outWidth, strideHeight,
    strideWidth, padTop, padLeft,
  )
}

/** The same of means, over the pixels inside the image alone. */
export function averagePool(
  x: usize, y: usize, images: i32, height: i32, width: i32, channels: i32, filterHeight: i32, filterWidth: i32,
  outHeight: i32, outWidth: i32, strideHeight: i32, strideWidth: i32, padTop: i32, padLeft: i32,
): void {
  pool(
    false, x, y, images, height, width, channels, filterHeight, filterWidth, outHeight, outWidth, strideHeight,
    strideWidth, padTop, padLeft,
  )
}
