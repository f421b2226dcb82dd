import {
  _FusedMatMul,
  ArgMax,
  ArgMin,
  BatchMatMul,
  backend_util,
  broadcast_util,
  Cast,
  Conv2D,
  FusedConv2D,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  Sum,
  type Tensor,
  type TensorInfo,
  Tile,
  UnsortedSegmentSum,
  util,
} from '@tensorflow/tfjs-core'
import type { LevinBackend } from '../backend/levin-backend.js'
import { BACKEND } from '../backend-name.js'
import { discard, filled, sizeOf } from './tensors.js'

/** Kernels of tfjs's own backend that are wrong at their edges, each put right around what it does well. */

type Repair = (original: KernelFunc) => KernelFunc
type Call = Parameters<KernelFunc>[0]

/** Calls another kernel of tfjs's on the same backend. */
function run(name: string, call: Omit<Call, 'inputs'>, inputs: Record<string, TensorInfo>, attrs: object): TensorInfo {
  const { kernelFunc } = getKernel(name, BACKEND)
  return kernelFunc({ backend: call.backend, inputs, attrs: attrs as NamedAttrMap }) as TensorInfo
}

const backendOf = (call: Call): LevinBackend => call.backend as LevinBackend

/** A sum over nothing is zero; tfjs asks for a buffer of NaN bytes. */
const sumOfNothing: Repair = (original) => (call) => {
  const { x } = call.inputs as { x: TensorInfo }
  if (sizeOf(x.shape) > 0) return original(call)
  const { axis, keepDims } = call.attrs as unknown as { axis: number | number[] | null; keepDims: boolean }
  const axes = util.parseAxisParam(axis ?? x.shape.map((_, index) => index), x.shape)
  const [reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes)
  return zerosOf(call, keepDims ? backend_util.expandShapeToKeepDim(reduced, axes) : reduced, x.dtype)
}

function zerosOf(call: Call, shape: number[], dtype: TensorInfo['dtype']): TensorInfo {
  const backend = backendOf(call)
  if (dtype === 'float32') return filled(backend, shape)
  return backend.makeTensorInfo(shape, dtype, new Int32Array(sizeOf(shape)))
}

/** Of a vector a scalar comes, and not a vector of one. */
const scalarOfVector: Repair = (original) => (call) => {
  const result = original(call) as TensorInfo
  const { x } = call.inputs as { x: TensorInfo }
  return x.shape.length === 1 ? { ...result, shape: [] } : result
}

/** Batches that are broadcast on both sides, and products without elements. */
const matrixProduct: Repair = (original) => (call) => {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo }
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean }
  const batches = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const rows = a.shape.at(transposeA ? -1 : -2) as number
  const columns = b.shape.at(transposeB ? -2 : -1) as number
  const shape = [...batches, rows, columns]
  if (sizeOf(shape) === 0) return zerosOf(call, shape, a.dtype)
  const [countA, countB, count] = [sizeOf(a.shape.slice(0, -2)), sizeOf(b.shape.slice(0, -2)), sizeOf(batches)]
  const isPlain = (countA === count || countA === 1) && (countB === count || countB === 1)
  if (isPlain) return original(call)
  const spreadA = spread(call, a, batches)
  const spreadB = spread(call, b, batches)
  const result = original({ ...call, inputs: { ...call.inputs, a: spreadA, b: spreadB } }) as TensorInfo
  if (spreadA !== a) discard(backendOf(call), spreadA)
  if (spreadB !== b) discard(backendOf(call), spreadB)
  return result
}

function spread(call: Call, x: TensorInfo, batches: readonly number[]): TensorInfo {
  const matrix = x.shape.slice(-2)
  const own = x.shape.slice(0, -2)
  const lengths = [...batches.slice(own.length).map(() => 1), ...own]
  const reps = [...batches.map((length, axis) => length / (lengths[axis] as number)), 1, 1]
  if (reps.every((times) => times === 1)) return x
  return run(Tile, call, { x: { ...x, shape: [...lengths, ...matrix] } }, { reps })
}

/** Of no images no images come. */
const convolutionOfNothing: Repair = (original) => (call) => {
  const { x, filter } = call.inputs as { x: Tensor; filter: Tensor }
  if (sizeOf(x.shape) > 0) return original(call)
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = call.attrs as unknown as {
    strides: [number, number]
    pad: 'valid'
    dilations: [number, number]
    dimRoundingMode: 'floor'
    dataFormat: 'NHWC' | 'NCHW'
  }
  const { outShape } = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    backend_util.convertConv2DDataFormat(dataFormat),
  )
  return zerosOf(call, outShape, x.dtype)
}

/** Integers are added up as such and then read as floats; and nothing has no shape to infer. */
const segmentSum: Repair = (original) => (call) => {
  const { x, segmentIds } = call.inputs as { x: TensorInfo; segmentIds: TensorInfo }
  const { numSegments } = call.attrs as { numSegments: number }
  if (sizeOf(x.shape) === 0) {
    return zerosOf(call, [numSegments, ...x.shape.slice(segmentIds.shape.length)], x.dtype)
  }
  if (x.dtype === 'float32') return original(call)
  const floats = run(Cast, call, { x }, { dtype: 'float32' })
  const sums = original({ ...call, inputs: { ...call.inputs, x: floats } }) as TensorInfo
  const result = run(Cast, call, { x: sums }, { dtype: x.dtype })
  discard(backendOf(call), floats)
  discard(backendOf(call), sums)
  return result
}

const REPAIRS: readonly (readonly [string, Repair])[] = [
  [Sum, sumOfNothing],
  [ArgMax, scalarOfVector],
  [ArgMin, scalarOfVector],
  [BatchMatMul, matrixProduct],
  [_FusedMatMul, matrixProduct],
  [Conv2D, convolutionOfNothing],
  [FusedConv2D, convolutionOfNothing],
  [UnsortedSegmentSum, segmentSum],
]

/** The repaired kernels; tfjs's own must be registered. */
export function repairedKernels(): KernelConfig[] {
  return REPAIRS.map(([name, repair]) => {
    const original = getKernel(name, BACKEND)
    return { ...original, kernelFunc: repair(original.kernelFunc) }
  })
}
