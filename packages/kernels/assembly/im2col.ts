// Images to matrices and back: one row per output pixel, holding the patch of the input under the filter, zeros where
// the filter reaches over the border. Images are [height, width, channels]; a patch is [filterHeight, filterWidth,
// channels], so that one row of a patch is one contiguous piece of the image.

function fillZeros(d: usize, end: usize): usize {
  if (d < end) memory.fill(d, 0, end - d)
  return end
}

function copyFloats(d: usize, s: usize, end: usize): void {
  for (; d + 16 <= end; d += 16) {
    v128.store(d, v128.load(s))
    s += 16
  }
  for (; d < end; d += 4) {
    store<f32>(d, load<f32>(s))
    s += 4
  }
}

function addFloats(d: usize, s: usize, end: usize): void {
  for (; d + 16 <= end; d += 16) {
    v128.store(d, f32x4.add(v128.load(d), v128.load(s)))
    s += 16
  }
  for (; d < end; d += 4) {
    store<f32>(d, load<f32>(d) + load<f32>(s))
    s += 4
  }
}

/** Patches of the output rows `from` to `to` of one image, one after the other at `d`. */
export function imageToPatches(
  image: usize,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  from: i32,
  to: i32,
  outWidth: i32,
  d: usize,
): void {
  const pixel = <usize>channels << 2
  const line = <usize>filterWidth * pixel
  for (let y = from; y < to; y++) {
    for (let x = 0; x < outWidth; x++) {
      const left = x * strideWidth - padLeft
      const first = max(0, -left)
      const last = min(filterWidth, width - left)
      for (let f = 0; f < filterHeight; f++) {
        const row = y * strideHeight - padTop + f
        const end = d + line
        if (<u32>row >= <u32>height || last <= first) {
          d = fillZeros(d, end)
          continue
        }
        d = fillZeros(d, d + <usize>first * pixel)
        const inside = d + <usize>(last - first) * pixel
        copyFloats(d, image + <usize>(row * width + left + first) * pixel, inside)
        d = fillZeros(inside, end)
      }
    }
  }
}

/** The inverse: adds patches of the output rows `from` to `to` back to where they came from in one image. */
export function patchesToImage(
  patches: usize,
  image: usize,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  from: i32,
  to: i32,
  outWidth: i32,
): void {
  const pixel = <usize>channels << 2
  const line = <usize>filterWidth * pixel
  for (let y = from; y < to; y++) {
    for (let x = 0; x < outWidth; x++) {
      const left = x * strideWidth - padLeft
      const first = max(0, -left)
      const last = min(filterWidth, width - left)
      for (let f = 0; f < filterHeight; f++) {
        const row = y * strideHeight - padTop + f
        if (<u32>row < <u32>height && last > first) {
          const d = image + <usize>(row * width + left + first) * pixel
          addFloats(d, patches + <usize>first * pixel, d + <usize>(last - first) * pixel)
        }
        patches += line
      }
    }
  }
}

/**
 * Patches of an image of one channel as one plane of output pixels per tap of the filter: the output rows `from` to `to`
 * at `d`, the planes `planeStep` floats apart.
 */
export function imageToPlanes(
  image: usize,
  height: i32,
  width: i32,
  filterHeight: i32,
  filterWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  from: i32,
  to: i32,
  outWidth: i32,
  d: usize,
  planeStep: i32,
): void {
  for (let f = 0; f < filterHeight; f++) {
    for (let g = 0; g < filterWidth; g++) {
      const offset = g - padLeft
      // The output columns whose tap lies inside the image.
      const first = min(outWidth, offset >= 0 ? 0 : (strideWidth - 1 - offset) / strideWidth)
      const last = max(first, min(outWidth, offset >= width ? 0 : (width - offset - 1) / strideWidth + 1))
      let out = d
      for (let y = from; y < to; y++) {
        const end = out + (<usize>outWidth << 2)
        const row = y * strideHeight - padTop + f
        if (<u32>row >= <u32>height) {
          out = fillZeros(out, end)
          continue
        }
        out = fillZeros(out, out + (<usize>first << 2))
        const inside = out + (<usize>(last - first) << 2)
        let s = image + (<usize>(row * width + first * strideWidth + offset) << 2)
        if (strideWidth === 1) {
          copyFloats(out, s, inside)
        } else {
          for (; out < inside; out += 4) {
            store<f32>(out, load<f32>(s))
            s += <usize>strideWidth << 2
          }
        }
        out = fillZeros(inside, end)
      }
      d += <usize>planeStep << 2
    }
  }
}
