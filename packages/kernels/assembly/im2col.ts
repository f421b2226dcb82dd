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
