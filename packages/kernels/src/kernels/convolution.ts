import { backend_util, type NamedAttrMap, type NamedTensorInfoMap, type TensorInfo } from '@tensorflow/tfjs-core'
import { assertFloat, input, type KernelCall, type KernelDefinition, optionalAddress } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { inPass, LEAKY_RELU_ALPHA, spread } from './fused-matmul.js'

type ConvolutionInfo = backend_util.Conv2DInfo
type Shape4D = [number, number, number, number]

function convolutionInfo(attrs: NamedAttrMap, inputShape: readonly number[], filterShape: readonly number[]) {
  return backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    attrs['strides'] as [number, number],
    1,
    attrs['pad'] as 'same' | 'valid' | number | backend_util.ExplicitPadding,
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil' | undefined,
    false,
    backend_util.convertConv2DDataFormat((attrs['dataFormat'] ?? 'NHWC') as 'NHWC' | 'NCHW'),
  )
}

/** The sizes in the order in which both gradients take them. */
function sizes(info: ConvolutionInfo, images = info.batchSize): number[] {
  return [
    images,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.filterHeight,
    info.filterWidth,
    info.outHeight,
    info.outWidth,
    info.outChannels,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
  ]
}

function patchWorkspace(runtime: Runtime, info: ConvolutionInfo): number {
  const { batchSize, inChannels, filterHeight, filterWidth, outHeight, outWidth, outChannels } = info
  return runtime.wasm.convolutionWorkspace(
    batchSize,
    inChannels,
    filterHeight,
    filterWidth,
    outHeight,
    outWidth,
    outChannels,
  )
}

/** Bytes of one image's input and output, rounded up so that vectors stay aligned. */
function imageBytes(info: ConvolutionInfo): { input: number; output: number } {
  const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16
  return {
    input: aligned(info.inHeight * info.inWidth * info.inChannels * 4),
    output: aligned(info.outHeight * info.outWidth * info.outChannels * 4),
  }
}

function filterGradient(runtime: Runtime, info: ConvolutionInfo, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const dw = runtime.output(info.filterShape, 'float32')
  const to = runtime.address(dw)
  const patches = patchWorkspace(runtime, info)
  if (info.dataFormat === 'channelsLast') {
    const workspace = runtime.workspace(patches)
    runtime.wasm.convolutionFilterGradient(runtime.address(x), runtime.address(dy), to, ...sizes(info), 0, workspace)
    return dw
  }
  const plane = imageBytes(info)
  const image = runtime.workspace(patches + plane.input + plane.output + 16)
  const gradient = image + plane.input
  const inPixels = info.inHeight * info.inWidth
  const outPixels = info.outHeight * info.outWidth
  for (let n = 0; n < info.batchSize; n++) {
    const fromX = runtime.address(x) + n * inPixels * info.inChannels * 4
    const fromDy = runtime.address(dy) + n * outPixels * info.outChannels * 4
    runtime.wasm.transposePlane(fromX, image, info.inChannels, inPixels)
    runtime.wasm.transposePlane(fromDy, gradient, info.outChannels, outPixels)
    const rest = gradient + plane.output
    runtime.wasm.convolutionFilterGradient(image, gradient, to, ...sizes(info, 1), Number(n > 0), rest)
  }
  if (info.batchSize === 0)
    new Uint8Array(
      runtime.heap,
      to,
      info.filterShape.reduce((a, b) => a * b, 4),
    ).fill(0)
  return dw
}

function inputGradient(runtime: Runtime, info: ConvolutionInfo, dy: TensorInfo, filter: TensorInfo): TensorInfo {
  const dx = runtime.output(info.inShape, 'float32')
  const to = runtime.address(dx)
  const weights = runtime.address(filter)
  const patches = patchWorkspace(runtime, info)
  if (info.dataFormat === 'channelsLast') {
    const workspace = runtime.workspace(patches)
    runtime.wasm.convolutionInputGradient(runtime.address(dy), weights, to, ...sizes(info), workspace)
    return dx
  }
  const plane = imageBytes(info)
  const image = runtime.workspace(patches + plane.input + plane.output + 16)
  const gradient = image + plane.input
  const inPixels = info.inHeight * info.inWidth
  const outPixels = info.outHeight * info.outWidth
  for (let n = 0; n < info.batchSize; n++) {
    const fromDy = runtime.address(dy) + n * outPixels * info.outChannels * 4
    runtime.wasm.transposePlane(fromDy, gradient, info.outChannels, outPixels)
    const rest = gradient + plane.output
    runtime.wasm.convolutionInputGradient(gradient, weights, image, ...sizes(info, 1), rest)
    runtime.wasm.transposePlane(image, to + n * inPixels * info.inChannels * 4, inPixels, info.inChannels)
  }
  return dx
}

/** Whether a forward is ours: float32, channels last, no dilation, and one group of channels. */
function isPlain({ x, filter }: NamedTensorInfoMap, attrs: NamedAttrMap | undefined): boolean {
  const dilations = attrs?.['dilations'] ?? 1
  return (
    x?.dtype === 'float32' &&
    filter?.dtype === 'float32' &&
    x.shape[3] === filter.shape[2] &&
    (attrs?.['dataFormat'] ?? 'NHWC') === 'NHWC' &&
    (Array.isArray(dilations) ? dilations : [dilations]).every((dilation) => dilation === 1)
  )
}

/** What follows the product: nothing for a plain convolution. */
interface Tail {
  readonly kind: number
  readonly alpha: number
  readonly biasStep: number
  readonly slopeStep: number
}

const noTail: Tail = { kind: 0, alpha: 0, biasStep: 0, slopeStep: 0 }

function convolve(call: KernelCall, tail: Tail): TensorInfo {
  const { runtime, attrs } = call
  const x = input(call, 'x')
  const filter = input(call, 'filter')
  const info = convolutionInfo(attrs, x.shape, filter.shape)
  const y = runtime.output(info.outShape, 'float32')
  const workspace = runtime.workspace(patchWorkspace(runtime, info))
  runtime.wasm.convolution(
    runtime.address(x),
    runtime.address(filter),
    runtime.address(y),
    ...sizes(info),
    optionalAddress(call, 'bias'),
    tail.biasStep,
    tail.kind,
    tail.alpha,
    optionalAddress(call, 'preluActivationWeights'),
    tail.slopeStep,
    workspace,
  )
  return y
}

export const conv2d: KernelDefinition = {
  name: 'Conv2D',
  gain: 'a matrix product over patches; dilated convolutions are left to the stock kernel',
  handles: isPlain,
  compute: (call) => convolve(call, noTail),
}

export const fusedConv2d: KernelDefinition = {
  name: 'FusedConv2D',
  gain: 'the same, with bias and activation while a block of the output is in the cache',
  handles(inputs, attrs) {
    const channels = inputs['filter']?.shape[3] ?? 0
    const { bias, preluActivationWeights: slope } = inputs
    const inCache = [bias, slope].every((tensor) => tensor === undefined || spread(tensor, channels) !== 'other')
    return inCache && Object.hasOwn(inPass, String(attrs?.['activation'] ?? 'linear')) && isPlain(inputs, attrs)
  },
  compute(call) {
    const { inputs, attrs } = call
    const channels = input(call, 'filter').shape[3] ?? 0
    const step = (tensor: TensorInfo | undefined) =>
      Number(tensor !== undefined && spread(tensor, channels) === 'column')
    return convolve(call, {
      kind: inPass[String(attrs['activation'] ?? 'linear')] ?? 0,
      alpha: Number(attrs['leakyreluAlpha'] ?? LEAKY_RELU_ALPHA),
      biasStep: step(inputs['bias']),
      slopeStep: step(inputs['preluActivationWeights']),
    })
  },
}

export const conv2dBackpropFilter: KernelDefinition = {
  name: 'Conv2DBackpropFilter',
  gain: 'new: convolutions (1d and 2d) train on the wasm backend',
  compute(call) {
    const x = input(call, 'x')
    const dy = input(call, 'dy')
    assertFloat('Conv2DBackpropFilter', x, dy)
    const info = convolutionInfo(call.attrs, x.shape, call.attrs['filterShape'] as number[])
    return filterGradient(call.runtime, info, x, dy)
  },
}

export const conv2dBackpropInput: KernelDefinition = {
  name: 'Conv2DBackpropInput',
  gain: 'a matrix product instead of six nested loops; also the forward of conv2dTranspose',
  compute(call) {
    const dy = input(call, 'dy')
    const filter = input(call, 'filter')
    assertFloat('Conv2DBackpropInput', dy, filter)
    const info = convolutionInfo(call.attrs, call.attrs['inputShape'] as number[], filter.shape)
    // tfjs lets conv2dTranspose pass a dy larger than the convolution's output, and ignores what lies beyond it.
    if (dy.shape.every((length, axis) => length === info.outShape[axis])) {
      return inputGradient(call.runtime, info, dy, filter)
    }
    const used = call.runtime.run('Slice', { x: dy }, { begin: [0, 0, 0, 0], size: info.outShape })
    const dx = inputGradient(call.runtime, info, used, filter)
    call.runtime.dispose(used)
    return dx
  },
}
