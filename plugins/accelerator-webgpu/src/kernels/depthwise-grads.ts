import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type KernelConfig,
  type TensorInfo,
} from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'
import { windowUniforms, windowValues } from './windows.js'

/** Gradients of depthwise convolutions. tfjs's own leave dilations out. */

const inputProgram: ComputeProgram = {
  name: 'LevinDepthwiseInputGrad',
  writes: ['dx'],
  reads: ['dy', 'filter_'],
  uniforms: windowUniforms,
  body: `
  if (i >= u.size) { return; }
  let at = i32(i);
  let channel = at % u.inChannels;
  let column = at / u.inChannels % u.inWidth;
  let row = at / u.inChannels / u.inWidth % u.inHeight;
  let image = at / u.inChannels / u.inWidth / u.inHeight;
  var sum = 0.0;
  for (var r = 0; r < u.filterHeight; r++) {
    let fromRow = row + u.top - r * u.dilationHeight;
    if (fromRow < 0 || fromRow % u.strideHeight != 0 || fromRow / u.strideHeight >= u.outHeight) { continue; }
    for (var c = 0; c < u.filterWidth; c++) {
      let fromColumn = column + u.left - c * u.dilationWidth;
      if (fromColumn < 0 || fromColumn % u.strideWidth != 0 || fromColumn / u.strideWidth >= u.outWidth) { continue; }
      let pixel = (image * u.outHeight + fromRow / u.strideHeight) * u.outWidth + fromColumn / u.strideWidth;
      for (var m = 0; m < u.multiplier; m++) {
        let place = channel * u.multiplier + m;
        sum += dy[pixel * u.inChannels * u.multiplier + place]
          * filter_[(r * u.filterWidth + c) * u.inChannels * u.multiplier + place];
      }
    }
  }
  dx[i] = sum;`,
}

const filterProgram: ComputeProgram = {
  name: 'LevinDepthwiseFilterGrad',
  writes: ['dFilter'],
  reads: ['dy', 'x'],
  uniforms: windowUniforms,
  body: `
  if (i >= u.size) { return; }
  let at = i32(i);
  let outChannels = u.inChannels * u.multiplier;
  let place = at % outChannels;
  let channel = place / u.multiplier;
  let c = at / outChannels % u.filterWidth;
  let r = at / outChannels / u.filterWidth;
  var sum = 0.0;
  for (var image = 0; image < u.images; image++) {
    for (var outRow = 0; outRow < u.outHeight; outRow++) {
      let row = outRow * u.strideHeight - u.top + r * u.dilationHeight;
      if (row < 0 || row >= u.inHeight) { continue; }
      for (var outColumn = 0; outColumn < u.outWidth; outColumn++) {
        let column = outColumn * u.strideWidth - u.left + c * u.dilationWidth;
        if (column < 0 || column >= u.inWidth) { continue; }
        sum += dy[((image * u.outHeight + outRow) * u.outWidth + outColumn) * outChannels + place]
          * x[((image * u.inHeight + row) * u.inWidth + column) * u.inChannels + channel];
      }
    }
  }
  dFilter[i] = sum;`,
}

type Shape = [number, number, number, number]

interface Attrs {
  readonly strides: [number, number]
  readonly dilations: [number, number]
  readonly pad: 'valid'
  readonly dimRoundingMode: 'floor'
  readonly inputShape: Shape
  readonly filterShape: Shape
}

function gradient(
  backend: LevinBackend,
  program: ComputeProgram,
  read: [TensorInfo, TensorInfo],
  [inputShape, filterShape]: [Shape, Shape],
  { strides, dilations, pad, dimRoundingMode }: Attrs,
): TensorInfo {
  const shape = program === inputProgram ? inputShape : filterShape
  const size = sizeOf(shape)
  if (size === 0 || read.some((tensor) => sizeOf(tensor.shape) === 0)) return filled(backend, shape)
  const info = backend_util.computeConv2DInfo(inputShape, filterShape, strides, dilations, pad, dimRoundingMode, true)
  const result = output(backend, shape)
  backend.compute(program, [result], read, windowValues(size, info), groupsOf(size))
  return result
}

export const depthwiseKernels: readonly KernelConfig[] = [
  {
    kernelName: DepthwiseConv2dNativeBackpropInput,
    backendName: BACKEND,
    kernelFunc({ inputs, attrs, backend }) {
      const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo }
      const given = attrs as unknown as Attrs
      const shapes: [Shape, Shape] = [given.inputShape, filter.shape as Shape]
      return gradient(backend as LevinBackend, inputProgram, [dy, filter], shapes, given)
    },
  },
  {
    kernelName: DepthwiseConv2dNativeBackpropFilter,
    backendName: BACKEND,
    kernelFunc({ inputs, attrs, backend }) {
      const { dy, x } = inputs as { dy: TensorInfo; x: TensorInfo }
      const given = attrs as unknown as Attrs
      const shapes: [Shape, Shape] = [x.shape as Shape, given.filterShape]
      return gradient(backend as LevinBackend, filterProgram, [dy, x], shapes, given)
    },
  },
]
