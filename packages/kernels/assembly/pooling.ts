// The gradients of 2d pooling, scattered from each output pixel to the pixels of its window, four channels at a time.
// Tensors are channels-last. Windows that reach over the border are cut off at it.

/** `dx[d] += value` on `channels` floats. */
function addTo(d: usize, value: usize, scale: f32, channels: i32): void {
  const scales = f32x4.splat(scale)
  let c = channels
  for (; c >= 4; c -= 4) {
    v128.store(d, f32x4.add(v128.load(d), f32x4.mul(v128.load(value), scales)))
    d += 16
    value += 16
  }
  for (; c > 0; c--) {
    store<f32>(d, load<f32>(d) + load<f32>(value) * scale)
    d += 4
    value += 4
  }
}

/**
 * Spreads each gradient over the pixels of its window. The share is one over the size of the whole window, also where the
 * window reaches over the border: tfjs defines it so (its forward divides by the pixels inside alone).
 */
export function averagePoolGradient(
  dy: usize,
  dx: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pixel = <usize>channels << 2
  const share: f32 = (<f32>1) / <f32>(filterHeight * filterWidth)
  const image = <usize>(height * width) * pixel
  for (let n = 0; n < images; n++) {
    // Image by image, so that it is still in the cache when the gradients are added.
    memory.fill(dx, 0, image)
    for (let y = 0; y < outHeight; y++) {
      const top = max(0, y * strideHeight - padTop)
      const bottom = min(height, y * strideHeight - padTop + filterHeight)
      for (let x = 0; x < outWidth; x++) {
        const left = max(0, x * strideWidth - padLeft)
        const right = min(width, x * strideWidth - padLeft + filterWidth)
        for (let i = top; i < bottom; i++) {
          for (let j = left; j < right; j++) addTo(dx + <usize>(i * width + j) * pixel, dy, share, channels)
        }
        dy += pixel
      }
    }
    dx += image
  }
}

/**
 * Gives each gradient to the largest pixel of its window, the first of several; NaN counts as larger than any number, so
 * that the gradient goes where the output came from.
 */
export function maxPoolGradient(
  x: usize,
  dy: usize,
  dx: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
): void {
  const pixel = <usize>channels << 2
  const image = <usize>(height * width) * pixel
  const pairs = filterHeight === 2 && filterWidth === 2 && strideHeight === 2 && strideWidth === 2
  for (let n = 0; n < images; n++) {
    // Image by image, so that it is still in the cache when the gradients are added.
    memory.fill(dx, 0, image)
    for (let y = 0; y < outHeight; y++) {
      const top = max(0, y * strideHeight - padTop)
      const bottom = min(height, y * strideHeight - padTop + filterHeight)
      for (let q = 0; q < outWidth; q++) {
        const left = max(0, q * strideWidth - padLeft)
        const right = min(width, q * strideWidth - padLeft + filterWidth)
        if (pairs && bottom - top === 2 && right - left === 2 && (channels & 3) === 0) {
          pairGradient(x, dy, dx, <usize>(top * width + left) * pixel, <usize>width * pixel, pixel)
        } else if (bottom > top && right > left) windowGradient(x, dy, dx, top, bottom, left, right, width, channels)
        dy += pixel
      }
    }
    x += image
    dx += image
  }
}

/** Whether a pixel has the largest value of its window; every NaN has. */
@inline
function isLargest(value: v128, largest: v128): v128 {
  return v128.or(f32x4.eq(value, largest), f32x4.ne(value, value))
}

/** The most common case, windows of 2 × 2 that do not overlap: every pixel is written once, and nothing is added. */
function pairGradient(x: usize, dy: usize, dx: usize, start: usize, line: usize, pixel: usize): void {
  let at = start
  for (const end = start + pixel; at < end; at += 16) {
    const a = v128.load(x + at)
    const b = v128.load(x + at + pixel)
    const c = v128.load(x + at + line)
    const d = v128.load(x + at + line + pixel)
    const largest = f32x4.max(f32x4.max(a, b), f32x4.max(c, d))
    const gradient = v128.load(dy + (at - start))
    const toA = isLargest(a, largest)
    const toB = isLargest(b, largest)
    const toC = isLargest(c, largest)
    const afterB = v128.andnot(gradient, v128.or(toA, toB))
    v128.store(dx + at, v128.and(gradient, toA))
    v128.store(dx + at + pixel, v128.and(v128.andnot(gradient, toA), toB))
    v128.store(dx + at + line, v128.and(afterB, toC))
    v128.store(dx + at + line + pixel, v128.andnot(afterB, toC))
  }
}

function windowGradient(
  x: usize,
  dy: usize,
  dx: usize,
  top: i32,
  bottom: i32,
  left: i32,
  right: i32,
  width: i32,
  channels: i32,
): void {
  const pixel = <usize>channels << 2
  const start = <usize>(top * width + left) * pixel
  let c = 0
  for (; c + 4 <= channels; c += 4) {
    const column = <usize>c << 2
    let largest = v128.load(x + start + column)
    let where = i32x4.splat(<i32>start)
    for (let i = top; i < bottom; i++) {
      let offset = <usize>(i * width + left) * pixel
      for (let j = left; j < right; j++) {
        const value = v128.load(x + offset + column)
        const larger = v128.or(f32x4.gt(value, largest), v128.and(f32x4.ne(value, value), f32x4.eq(largest, largest)))
        largest = v128.bitselect(value, largest, larger)
        where = v128.bitselect(i32x4.splat(<i32>offset), where, larger)
        offset += pixel
      }
    }
    // Every pixel of the window is written, mostly with what it holds: four lanes at once beat four scattered additions.
    const gradient = v128.load(dy + column)
    for (let i = top; i < bottom; i++) {
      let offset = <usize>(i * width + left) * pixel
      for (let j = left; j < right; j++) {
        const d = dx + offset + column
        const share = v128.and(gradient, i32x4.eq(where, i32x4.splat(<i32>offset)))
        v128.store(d, f32x4.add(v128.load(d), share))
        offset += pixel
      }
    }
  }
  for (; c < channels; c++) {
    const column = <usize>c << 2
    let largest = load<f32>(x + start + column)
    let where = start
    for (let i = top; i < bottom; i++) {
      let offset = <usize>(i * width + left) * pixel
      for (let j = left; j < right; j++) {
        const value = load<f32>(x + offset + column)
        if (value > largest || (value !== value && largest === largest)) {
          largest = value
          where = offset
        }
        offset += pixel
      }
    }
    const d = dx + where + column
    store<f32>(d, load<f32>(d) + load<f32>(dy + column))
  }
}
