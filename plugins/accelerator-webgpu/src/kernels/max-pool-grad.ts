import { backend_util, type KernelConfig, MaxPoolGrad, type TensorInfo } from '@tensorflow/tfjs-core'
import type { ComputeProgram } from '../backend/compute-program.js'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { filled, groupsOf, output, sizeOf } from './tensors.js'
import { windowUniforms, windowValues } from './windows.js'

// A thread for each pixel of the input: it looks at the windows that it lies in, and takes the gradient of those whose first
// largest pixel it is. tfjs's own takes another one of equal pixels than every other backend.
const program: ComputeProgram = {
  name: 'LevinMaxPoolGrad',
  writes: ['dx'],
  reads: ['dy', 'x'],
  uniforms: windowUniforms,
  declarations: `
fn firstLargest(image: i32, outRow: i32, outColumn: i32, channel: i32) -> i32 {
  var largest = -3.4028234e38;
  var place = -1;
  for (var r = 0; r < u.filterHeight; r++) {
    let row = outRow * u.strideHeight - u.top + r * u.dilationHeight;
    if (row < 0 || row >= u.inHeight) { continue; }
    for (var c = 0; c < u.filterWidth; c++) {
      let column = outColumn * u.strideWidth - u.left + c * u.dilationWidth;
      if (column < 0 || column >= u.inWidth) { continue; }
      let at = ((image * u.inHeight + row) * u.inWidth + column) * u.inChannels + channel;
      if (place < 0 || x[at] > largest) { largest = x[at]; place = at; }
    }
  }
  return place;
}`,
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
    let outRow = fromRow / u.strideHeight;
    for (var c = 0; c < u.filterWidth; c++) {
      let fromColumn = column + u.left - c * u.dilationWidth;
      if (fromColumn < 0 || fromColumn % u.strideWidth != 0 || fromColumn / u.strideWidth >= u.outWidth) { continue; }
      let outColumn = fromColumn / u.strideWidth;
      if (firstLargest(image, outRow, outColumn, channel) == at) {
        sum += dy[((image * u.outHeight + outRow) * u.outWidth + outColumn) * u.inChannels + channel];
      }
    }
  }
  dx[i] = sum;`,
}

export const maxPoolGradKernel: KernelConfig = {
  kernelName: MaxPoolGrad,
  backendName: BACKEND,
  kernelFunc({ inputs, attrs, backend }) {
    const gpu = backend as LevinBackend
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo }
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as {
      filterSize: [number, number]
      strides: [number, number]
      pad: 'valid'
      dimRoundingMode: 'floor'
    }
    const size = sizeOf(input.shape)
    if (size === 0 || sizeOf(dy.shape) === 0) return filled(gpu, input.shape)
    const shape = input.shape as [number, number, number, number]
    const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode)
    const dx = output(gpu, input.shape)
    gpu.compute(program, [dx], [dy, input], windowValues(size, info), groupsOf(size))
    return dx
  },
}
