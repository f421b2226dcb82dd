import type { backend_util } from '@tensorflow/tfjs-core'
import type { Uniforms } from '../backend/compute-program.js'

type Window = Pick<
  backend_util.Conv2DInfo,
  | 'batchSize'
  | 'inHeight'
  | 'inWidth'
  | 'inChannels'
  | 'outHeight'
  | 'outWidth'
  | 'outChannels'
  | 'filterHeight'
  | 'filterWidth'
  | 'strideHeight'
  | 'strideWidth'
  | 'dilationHeight'
  | 'dilationWidth'
  | 'padInfo'
>

/** Uniforms of programs that slide a window over images. `size`: elements of the result. */
export const windowUniforms = {
  size: 'u32',
  images: 'i32',
  inHeight: 'i32',
  inWidth: 'i32',
  inChannels: 'i32',
  multiplier: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  filterHeight: 'i32',
  filterWidth: 'i32',
  strideHeight: 'i32',
  strideWidth: 'i32',
  dilationHeight: 'i32',
  dilationWidth: 'i32',
  top: 'i32',
  left: 'i32',
} as const

/** Their values, of what tfjs knows of a convolution or a pool. */
export const windowValues = (size: number, { batchSize, outChannels, padInfo, ...info }: Window): Uniforms => ({
  size,
  images: batchSize,
  inHeight: info.inHeight,
  inWidth: info.inWidth,
  inChannels: info.inChannels,
  multiplier: outChannels / info.inChannels,
  outHeight: info.outHeight,
  outWidth: info.outWidth,
  filterHeight: info.filterHeight,
  filterWidth: info.filterWidth,
  strideHeight: info.strideHeight,
  strideWidth: info.strideWidth,
  dilationHeight: info.dilationHeight,
  dilationWidth: info.dilationWidth,
  top: padInfo.top,
  left: padInfo.left,
})
