import type { KernelDefinition } from './kernel-definition.js'
import { activations, functions } from './kernels/activations.js'
import { attentions } from './kernels/attention.js'
import { binaries, logicalNot } from './kernels/binary.js'
import { cast } from './kernels/cast.js'
import { clipByValue, relu6 } from './kernels/clip.js'
import { complex, complexAbs, imag, real } from './kernels/complex.js'
import { complexByParts } from './kernels/complex-by-parts.js'
import { concat, pack } from './kernels/concat.js'
import { conv2d, conv2dBackpropFilter, conv2dBackpropInput, fusedConv2d } from './kernels/convolution.js'
import { cumsum } from './kernels/cumsum.js'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './kernels/depthwise.js'
import { dropout } from './kernels/dropout.js'
import { einsum } from './kernels/einsum.js'
import { embeddingGrad } from './kernels/embedding.js'
import { extremes } from './kernels/extremum.js'
import { fft, ifft } from './kernels/fourier.js'
import { fusedMatMul } from './kernels/fused-matmul.js'
import { gather } from './kernels/gather.js'
import { identity } from './kernels/identity.js'
import { losses } from './kernels/losses.js'
import { batchMatMul } from './kernels/matmul.js'
import { normalisation } from './kernels/normalisation.js'
import { mirrorPad, padV2 } from './kernels/pad.js'
import { avgPool, avgPoolGrad, maxPool, maxPoolGrad } from './kernels/pooling.js'
import { pow } from './kernels/pow.js'
import { prelu } from './kernels/prelu.js'
import { recurrent } from './kernels/recurrent.js'
import { unsortedSegmentSum } from './kernels/segment-sum.js'
import { select } from './kernels/select.js'
import { reverse, slice, stridedSlice } from './kernels/slice.js'
import { splitV, unpack } from './kernels/split.js'
import { mean, sum } from './kernels/sum.js'
import { tile } from './kernels/tile.js'
import { transpose } from './kernels/transpose.js'
import { updates } from './kernels/updates.js'

/** Every kernel of the package, in the order in which they are registered. */
export const definitions: readonly KernelDefinition[] = [
  batchMatMul,
  fusedMatMul,
  conv2d,
  fusedConv2d,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  depthwiseBackpropFilter,
  depthwiseBackpropInput,
  maxPool,
  avgPool,
  maxPoolGrad,
  avgPoolGrad,
  gather,
  unsortedSegmentSum,
  sum,
  mean,
  ...extremes,
  cumsum,
  einsum,
  slice,
  stridedSlice,
  reverse,
  concat,
  pack,
  splitV,
  unpack,
  padV2,
  mirrorPad,
  transpose,
  tile,
  identity,
  ...functions,
  ...binaries,
  pow,
  logicalNot,
  select,
  clipByValue,
  relu6,
  prelu,
  cast,
  complex,
  real,
  imag,
  complexAbs,
  ...complexByParts,
  fft,
  ifft,
  ...activations,
  ...losses,
  ...normalisation,
  ...attentions,
  ...recurrent,
  embeddingGrad,
  dropout,
  ...updates,
]

/** A line of `kernelTable`. */
export interface KernelTableRow {
  /** tfjs's name of the kernel, or that of `@levin/ops`. */
  readonly name: string
  /** What is gained over the stock backend, in one line; begins with `new` where tfjs 4.22 has no wasm kernel. */
  readonly gain: string
}

/** The kernels that `registerKernels` puts into the wasm backend, and what each is good for. */
export const kernelTable: readonly KernelTableRow[] = definitions.map(({ name, gain }) => ({ name, gain }))
