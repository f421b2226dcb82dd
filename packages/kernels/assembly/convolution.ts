// The gradients of a 2d convolution as matrix products over patches (im2col), a few output rows at a time, so that the
// patches stay in the cache. All tensors are channels-last.
import { imageToPatches, patchesToImage } from './im2col'
import { matmul, matmulWorkspace } from './matmul'

/** Patches are made for as many output rows as keep them below this size: they are written and read once each. */
const PATCH_BYTES: i32 = 1 << 19

function rowsAtOnce(outHeight: i32, outWidth: i32, patch: i32): i32 {
  return max(1, min(outHeight, PATCH_BYTES / max(1, outWidth * patch * 4)))
}

/** Whether a patch is a pixel, and the image therefore its own matrix of patches. */
function isPointwise(filterHeight: i32, filterWidth: i32, strideHeight: i32, strideWidth: i32, pad: i32): bool {
  return filterHeight * filterWidth * strideHeight * strideWidth === 1 && pad === 0
}

/** Bytes of workspace that either gradient needs. */
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
  const pixels = rowsAtOnce(outHeight, outWidth, patch) * outWidth
  const all = images * outHeight * outWidth
  const product = max(matmulWorkspace(patch, outChannels, all), matmulWorkspace(all, patch, outChannels))
  return pixels * patch * 4 + product + 64
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
  const rows = rowsAtOnce(outHeight, outWidth, patch)
  const patches = workspace
  const rest = workspace + <usize>(rows * outWidth * patch) * 4
  let started = accumulate
  for (let n = 0; n < images; n++) {
    for (let from = 0; from < outHeight; from += rows) {
      const to = min(outHeight, from + rows)
      const pixels = (to - from) * outWidth
      imageToPatches(
        x, height, width, channels, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft, from, to,
        outWidth, patches,
      )
      matmul(
        true, false, patch, outChannels, pixels, patches, patch, dy, outChannels, dw, outChannels, started, rest,
      )
      dy += <usize>(pixels * outChannels) << 2
      started = true
    }
    x += <usize>(height * width * channels) << 2
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
  const patches = workspace
  const rest = workspace + <usize>(rows * outWidth * patch) * 4
  const image = <usize>(height * width * channels) << 2
  for (let n = 0; n < images; n++) {
    memory.fill(dx, 0, image)
    for (let from = 0; from < outHeight; from += rows) {
      const to = min(outHeight, from + rows)
      const pixels = (to - from) * outWidth
      matmul(false, true, pixels, patch, outChannels, dy, outChannels, w, outChannels, patches, patch, false, rest)
      patchesToImage(
        patches, dx, height, width, channels, filterHeight, filterWidth, strideHeight, strideWidth, padTop, padLeft,
        from, to, outWidth,
      )
      dy += <usize>(pixels * outChannels) << 2
    }
    dx += image
  }
}
