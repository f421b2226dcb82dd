// The gradients of a depthwise convolution. Each channel is on its own, so there is no matrix product in it: the work is
// one multiply-add per pixel, tap and channel, four channels at a time. Tensors are channels-last; the filter is
// [filterHeight, filterWidth, channels, multiplier], and output channel `c × multiplier + m` belongs to channel c.
import { multiplyAdd } from './micro-kernel'

/** The first output position whose tap at `offset` (relative to the padded start) lies inside the image. */
function firstInside(offset: i32, stride: i32): i32 {
  return offset >= 0 ? 0 : (stride - 1 - offset) / stride
}

/** One past the last output position whose tap at `offset` lies inside an image of `size`. */
function endInside(offset: i32, stride: i32, size: i32, outSize: i32): i32 {
  const room = size - offset
  return room <= 0 ? 0 : min(outSize, (room - 1) / stride + 1)
}

/** `dw[channels × multiplier] += Σ over count pixels of x × dy`, for one tap along one row of the image. */
function tapFilterGradient(
  x: usize,
  stepX: usize,
  dy: usize,
  stepDy: usize,
  dw: usize,
  count: i32,
  outChannels: i32,
  multiplier: i32,
): void {
  let q = 0
  if (multiplier === 1) {
    for (; q + 4 <= outChannels; q += 4) {
      const offset = <usize>q << 2
      let sum = f32x4.splat(0)
      let s = x + offset
      let d = dy + offset
      for (let n = 0; n < count; n++) {
        sum = multiplyAdd(v128.load(s), v128.load(d), sum)
        s += stepX
        d += stepDy
      }
      v128.store(dw + offset, f32x4.add(v128.load(dw + offset), sum))
    }
  }
  for (; q < outChannels; q++) {
    const offset = <usize>q << 2
    let sum: f32 = 0
    let s = x + (<usize>(q / multiplier) << 2)
    let d = dy + offset
    for (let n = 0; n < count; n++) {
      sum += load<f32>(s) * load<f32>(d)
      s += stepX
      d += stepDy
    }
    store<f32>(dw + offset, load<f32>(dw + offset) + sum)
  }
}

/** `dx[channels] += dy × w` for one tap along one row of the image. */
function tapInputGradient(
  dx: usize,
  stepX: usize,
  dy: usize,
  stepDy: usize,
  w: usize,
  count: i32,
  channels: i32,
  multiplier: i32,
): void {
  for (let n = 0; n < count; n++) {
    let c = 0
    if (multiplier === 1) {
      for (; c + 4 <= channels; c += 4) {
        const offset = <usize>c << 2
        const sum = multiplyAdd(v128.load(dy + offset), v128.load(w + offset), v128.load(dx + offset))
        v128.store(dx + offset, sum)
      }
    }
    for (; c < channels; c++) {
      const offset = <usize>c << 2
      let sum = load<f32>(dx + offset)
      let q = <usize>(c * multiplier) << 2
      for (let m = 0; m < multiplier; m++) {
        sum += load<f32>(dy + q) * load<f32>(w + q)
        q += 4
      }
      store<f32>(dx + offset, sum)
    }
    dx += stepX
    dy += stepDy
  }
}

/** `dw[filterHeight, filterWidth, channels, multiplier]`, summed per row of an image before it is added up. */
export function depthwiseFilterGradient(
  x: usize,
  dy: usize,
  dw: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  multiplier: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  dilationHeight: i32,
  dilationWidth: i32,
): void {
  const pixel = <usize>channels << 2
  const outPixel = pixel * multiplier
  memory.fill(dw, 0, <usize>(filterHeight * filterWidth) * outPixel)
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < outHeight; y++) {
      for (let f = 0; f < filterHeight; f++) {
        const row = y * strideHeight - padTop + f * dilationHeight
        if (<u32>row >= <u32>height) continue
        for (let g = 0; g < filterWidth; g++) {
          const offset = g * dilationWidth - padLeft
          const first = firstInside(offset, strideWidth)
          const count = endInside(offset, strideWidth, width, outWidth) - first
          if (count <= 0) continue
          const s = x + <usize>(row * width + first * strideWidth + offset) * pixel
          const d = dy + <usize>(y * outWidth + first) * outPixel
          const t = dw + <usize>(f * filterWidth + g) * outPixel
          tapFilterGradient(s, <usize>strideWidth * pixel, d, outPixel, t, count, channels * multiplier, multiplier)
        }
      }
    }
    x += <usize>(height * width) * pixel
    dy += <usize>(outHeight * outWidth) * outPixel
  }
}

/** `dx[images, height, width, channels]`. */
export function depthwiseInputGradient(
  dy: usize,
  w: usize,
  dx: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  multiplier: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  dilationHeight: i32,
  dilationWidth: i32,
): void {
  const pixel = <usize>channels << 2
  const outPixel = pixel * multiplier
  const image = <usize>(height * width) * pixel
  for (let n = 0; n < images; n++) {
    memory.fill(dx, 0, image)
    for (let y = 0; y < outHeight; y++) {
      for (let f = 0; f < filterHeight; f++) {
        const row = y * strideHeight - padTop + f * dilationHeight
        if (<u32>row >= <u32>height) continue
        for (let g = 0; g < filterWidth; g++) {
          const offset = g * dilationWidth - padLeft
          const first = firstInside(offset, strideWidth)
          const count = endInside(offset, strideWidth, width, outWidth) - first
          if (count <= 0) continue
          const t = dx + <usize>(row * width + first * strideWidth + offset) * pixel
          const d = dy + <usize>(y * outWidth + first) * outPixel
          const s = w + <usize>(f * filterWidth + g) * outPixel
          tapInputGradient(t, <usize>strideWidth * pixel, d, outPixel, s, count, channels, multiplier)
        }
      }
    }
    dx += image
    dy += <usize>(outHeight * outWidth) * outPixel
  }
}
