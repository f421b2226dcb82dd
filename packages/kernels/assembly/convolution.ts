// A 2d convolution and its gradients as matrix products over patches (im2col), a few output rows or a few small images at
// a time, so that the patches stay in the cache and the product is not too small. All tensors are channels-last.
//
// With one channel a patch is short and scattered, and so the patches are laid out the other way round: one plane of all
// output pixels for each tap of the filter, which is a shifted copy of the image, row by row.
import { biasActivation } from './activation'
import { repeatBlocks } from './copy'
import { imageToPatches, imageToPlanes, patchesToImage } from './im2col'
import { matmul, matmulWorkspace } from './matmul'

/** Patches are made for as many output rows or images as keep them below this size: they are written and read once each. */
const PATCH_BYTES: i32 = 1 << 19

function rowsAtOnce(outHeight: i32, outWidth: i32, patch: i32): i32 {
  return max(1, min(outHeight, PATCH_BYTES / max(1, outWidth * patch * 4)))
}

/** Images at once; more than one only where all the rows of an image fit. */
function imagesAtOnce(images: i32, outHeight: i32, outWidth: i32, patch: i32): i32 {
  return max(1, min(images, PATCH_BYTES / max(1, outHeight * outWidth * patch * 4)))
}

/** Whether a patch is a pixel, and the image therefore its own matrix of patches. */
function isPointwise(filterHeight: i32, filterWidth: i32, strideHeight: i32, strideWidth: i32, pad: i32): bool {
  return filterHeight * filterWidth * strideHeight * strideWidth === 1 && pad === 0
}

/** Bytes of workspace that the convolution or either gradient needs. */
export function convolutionWorkspace(
  images: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
): i32 {
  const patch = filterHeight * filterWidth * channels
  const rows = rowsAtOnce(outHeight, outWidth, patch)
  const pixels = rows * outWidth * (rows === outHeight ? imagesAtOnce(images, outHeight, outWidth, patch) : 1)
  const all = images * outHeight * outWidth
  const product = max(matmulWorkspace(patch, outChannels, all), matmulWorkspace(all, patch, outChannels))
  return pixels * patch * 4 + max(product, matmulWorkspace(all, outChannels, patch)) + 64
}

/** The patches of the output rows `from` to `to` of `count` images, at `out`; as planes where there is one channel. */
function makePatches(
  x: usize,
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
  out: usize,
  count: i32,
): void {
  const each = (to - from) * outWidth
  const patch = filterHeight * filterWidth * channels
  for (let i = 0; i < count; i++) {
    if (channels === 1) {
      imageToPlanes(
        x, height, width, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to, outWidth,
        out + (<usize>(i * each) << 2), each * count,
      )
    } else {
      imageToPatches(
        x, height, width, channels, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to,
        outWidth, out + (<usize>(i * each * patch) << 2),
      )
    }
    x += <usize>(height * width * channels) << 2
  }
}

/**
 * `y = activation(a w + bias)` for some pixels. A bias by channel lies there before the product is added to it; another, and
 * the activation, take a pass while the block is in the cache.
 */
function multiplyBlock(
  planes: bool,
  pixels: i32,
  patch: i32,
  outChannels: i32,
  a: usize,
  w: usize,
  y: usize,
  bias: usize,
  biasStep: i32,
  kind: i32,
  alpha: f32,
  slope: usize,
  slopeStep: i32,
  workspace: usize,
): void {
  const underneath = bias !== 0 && biasStep !== 0
  if (underneath) repeatBlocks(bias, y, 1, <usize>outChannels << 2, pixels)
  matmul(
    planes, false, pixels, outChannels, patch, a, planes ? pixels : patch, w, outChannels, y, outChannels, underneath,
    workspace,
  )
  const after = underneath ? 0 : bias
  if (after !== 0 || kind !== 0) {
    biasActivation(y, pixels, outChannels, after, biasStep, kind, alpha, slope, slopeStep)
  }
}

/** `y[pixels, outChannels] = activation(patches(x) w + bias)`; bias and activation as in `biasActivation`. */
export function convolution(
  x: usize,
  w: usize,
  y: usize,
  images: i32,
  height: i32,
  width: i32,
  channels: i32,
  filterHeight: i32,
  filterWidth: i32,
  outHeight: i32,
  outWidth: i32,
  outChannels: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  bias: usize,
  biasStep: i32,
  kind: i32,
  alpha: f32,
  slope: usize,
  slopeStep: i32,
  workspace: usize,
): void {
  const patch = filterHeight * filterWidth * channels
  if (isPointwise(filterHeight, filterWidth, strideHeight, strideWidth, padTop | padLeft)) {
    const pixels = images * outHeight * outWidth
    multiplyBlock(
      false, pixels, patch, outChannels, x, w, y, bias, biasStep, kind, alpha, slope, slopeStep, workspace,
    )
    return
  }
  const planes = channels === 1
  const rows = rowsAtOnce(outHeight, outWidth, patch)
  const together = rows === outHeight ? imagesAtOnce(images, outHeight, outWidth, patch) : 1
  const rest = workspace + <usize>(rows * outWidth * together * patch) * 4
  const image = <usize>(height * width * channels) << 2
  for (let n = 0; n < images; n += together) {
    const count = min(together, images - n)
    for (let from = 0; from < outHeight; from += rows) {
      const to = min(outHeight, from + rows)
      const each = (to - from) * outWidth
      const pixels = each * count
      makePatches(
        x, height, width, channels, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to,
        outWidth, workspace, count,
      )
      multiplyBlock(
        planes, pixels, patch, outChannels, workspace, w, y, bias, biasStep, kind, alpha, slope, slopeStep, rest,
      )
      y += <usize>(pixels * outChannels) << 2
    }
    x += image * count
  }
}

/** `dw[patch, outChannels] = Σ over images of patches(x)ᵀ dy`. */
export function convolutionFilterGradient(
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
  outChannels: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  accumulate: bool,
  workspace: usize,
): void {
  const patch = filterHeight * filterWidth * channels
  if (isPointwise(filterHeight, filterWidth, strideHeight, strideWidth, padTop | padLeft)) {
    const pixels = images * outHeight * outWidth
    matmul(
      true, false, patch, outChannels, pixels, x, patch, dy, outChannels, dw, outChannels, accumulate, workspace,
    )
    return
  }
  const planes = channels === 1
  const rows = rowsAtOnce(outHeight, outWidth, patch)
  const together = rows === outHeight ? imagesAtOnce(images, outHeight, outWidth, patch) : 1
  const rest = workspace + <usize>(rows * outWidth * together * patch) * 4
  const image = <usize>(height * width * channels) << 2
  let started = accumulate
  for (let n = 0; n < images; n += together) {
    const count = min(together, images - n)
    for (let from = 0; from < outHeight; from += rows) {
      const to = min(outHeight, from + rows)
      const each = (to - from) * outWidth
      const pixels = each * count
      makePatches(
        x, height, width, channels, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to,
        outWidth, workspace, count,
      )
      matmul(
        !planes, false, patch, outChannels, pixels, workspace, planes ? pixels : patch, dy, outChannels, dw,
        outChannels, started, rest,
      )
      dy += <usize>(pixels * outChannels) << 2
      started = true
    }
    x += image * count
  }
  if (!started) memory.fill(dw, 0, <usize>(patch * outChannels) << 2)
}

/** `dx = patches⁻¹(dy wᵀ)`: every patch of gradients is added back to the pixels it was taken from. */
export function convolutionInputGradient(
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
  outChannels: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  workspace: usize,
): void {
  const patch = filterHeight * filterWidth * channels
  if (isPointwise(filterHeight, filterWidth, strideHeight, strideWidth, padTop | padLeft)) {
    const pixels = images * outHeight * outWidth
    matmul(false, true, pixels, patch, outChannels, dy, outChannels, w, outChannels, dx, patch, false, workspace)
    return
  }
  const rows = rowsAtOnce(outHeight, outWidth, patch)
  const together = rows === outHeight ? imagesAtOnce(images, outHeight, outWidth, patch) : 1
  const rest = workspace + <usize>(rows * outWidth * together * patch) * 4
  const image = <usize>(height * width * channels) << 2
  for (let n = 0; n < images; n += together) {
    const count = min(together, images - n)
    memory.fill(dx, 0, image * count)
    for (let from = 0; from < outHeight; from += rows) {
      const to = min(outHeight, from + rows)
      const each = (to - from) * outWidth
      const pixels = each * count
      matmul(false, true, pixels, patch, outChannels, dy, outChannels, w, outChannels, workspace, patch, false, rest)
      for (let i = 0; i < count; i++) {
        patchesToImage(
          workspace + (<usize>(i * each * patch) << 2), dx + <usize>i * image, height, width, channels, filterHeight,
          filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to, outWidth,
        )
      }
      dy += <usize>(pixels * outChannels) << 2
    }
    dx += image * count
  }
}
