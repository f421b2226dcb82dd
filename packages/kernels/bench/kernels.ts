// Times our kernels against the stock ones of tfjs's wasm backend, interleaved in one process, medians of five rounds.
// Run from the repository's root: npx tsx --conditions=@levin/source packages/kernels/bench/kernels.ts
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import { kernelFingerprint, registerKernels, restoreKernels } from '@levin/kernels'
import { copyWorks, elementwiseWorks } from './memory-works.js'
import { rateOf, type Work } from './work.js'

const ROUNDS = 5
const ROUND_MS = 150

const filled = (shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', 1)

function matrixWorks(size: number): Work[] {
  const a = filled([size, size]) as tf.Tensor2D
  const b = filled([size, size]) as tf.Tensor2D
  return [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `matmul ${size} ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`,
      flops: 2 * size ** 3,
      bytes: 0,
      run: () => tf.matMul(a, b, transposeA, transposeB),
      stock: true,
    })),
  )
}

function convolutionWorks(
  name: string,
  batch: number,
  size: number,
  inputs: number,
  outputs: number,
  filter: number,
): Work[] {
  const x = filled([batch, size, size, inputs])
  const dy = filled([batch, size, size, outputs])
  const w = filled([filter, filter, inputs, outputs])
  const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC', dimRoundingMode: 'floor' }
  const flops = 2 * batch * size * size * inputs * outputs * filter * filter
  const call = (kernel: string, tensors: tf.NamedTensorMap, more: object) => () =>
    tf.engine().runKernel(kernel, tensors, { ...attrs, ...more } as unknown as tf.NamedAttrMap) as tf.Tensor
  return [
    {
      name: `${name} filter gradient`,
      flops,
      bytes: 0,
      run: call('Conv2DBackpropFilter', { x, dy }, { filterShape: w.shape }),
      stock: false,
    },
    {
      name: `${name} input gradient`,
      flops,
      bytes: 0,
      run: call('Conv2DBackpropInput', { dy, filter: w }, { inputShape: x.shape }),
      stock: true,
    },
  ]
}

function otherWorks(): Work[] {
  const images = filled([12_800, 784]) as tf.Tensor2D
  const rows = filled([2048, 128]) as tf.Tensor2D
  const ids = tf.tensor1d(
    Int32Array.from({ length: 2048 }, (_, i) => (i * 7919) % 96),
    'int32',
  )
  const x = filled([32, 28, 28, 64])
  const w = filled([3, 3, 64, 1])
  const attrs = { strides: [1, 1], pad: 'same', dilations: [1, 1], dimRoundingMode: 'floor' }
  const flops = 2 * x.size * 9
  const maps = filled([64, 24, 24, 64]) as tf.Tensor4D
  const pooled = tf.maxPool(maps, 2, 2, 'valid')
  const columns = filled([36_864, 64])
  const window = { filterSize: [2, 2], strides: [2, 2], pad: 'valid' } as unknown as tf.NamedAttrMap
  const pool = (kernel: string, tensors: tf.NamedTensorMap) => () =>
    tf.engine().runKernel(kernel, tensors, window) as tf.Tensor
  const depthwise = (kernel: string, tensors: tf.NamedTensorMap, more: object) => () =>
    tf.engine().runKernel(kernel, tensors, { ...attrs, ...more } as unknown as tf.NamedAttrMap) as tf.Tensor
  return [
    {
      name: 'max pool gradient 64x24x24x64, 2x2',
      flops: 0,
      bytes: 0,
      run: pool('MaxPoolGrad', { dy: pooled, input: maps, output: pooled }),
      stock: true,
    },
    {
      name: 'average pool gradient 64x24x24x64, 2x2',
      flops: 0,
      bytes: 0,
      run: pool('AvgPoolGrad', { dy: pooled, input: maps }),
      stock: true,
    },
    { name: 'sum of 36,864 rows of 64', flops: 0, bytes: 0, run: () => tf.sum(columns, 0), stock: true },
    {
      name: 'slice 64 of 12,800 x 784',
      flops: 0,
      bytes: 0,
      run: () => tf.slice2d(images, [6400, 0], [64, 784]),
      stock: true,
    },
    {
      name: 'slice columns 64 x 392',
      flops: 0,
      bytes: 0,
      run: () => tf.slice2d(images, [6400, 100], [64, 392]),
      stock: true,
    },
    {
      name: 'segment sum 2048 x 128 into 96',
      flops: 0,
      bytes: 0,
      run: () => tf.unsortedSegmentSum(rows, ids, 96),
      stock: false,
    },
    {
      name: 'depthwise 32x28x28x64 filter gradient',
      flops,
      bytes: 0,
      run: depthwise('DepthwiseConv2dNativeBackpropFilter', { x, dy: x }, { filterShape: w.shape }),
      stock: false,
    },
    {
      name: 'depthwise 32x28x28x64 input gradient',
      flops,
      bytes: 0,
      run: depthwise('DepthwiseConv2dNativeBackpropInput', { dy: x, filter: w }, { inputShape: x.shape }),
      stock: false,
    },
  ]
}

/** Milliseconds per call, over about `ROUND_MS`. */
function time(run: Work['run']): number {
  const start = performance.now()
  let calls = 0
  let elapsed = 0
  do {
    tf.dispose(run())
    calls++
    elapsed = performance.now() - start
  } while (elapsed < ROUND_MS)
  return elapsed / calls
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function measure(work: Work): { ours: number; stock: number | undefined } {
  const ours: number[] = []
  const stock: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    registerKernels()
    const oursMs = time(work.run)
    restoreKernels()
    const stockMs = work.stock ? time(work.run) : Number.NaN
    // The first round runs code that is not yet optimised.
    if (round > 0) {
      ours.push(oursMs)
      stock.push(stockMs)
    }
  }
  return { ours: median(ours), stock: work.stock ? median(stock) : undefined }
}

await tf.setBackend('wasm')
console.log(kernelFingerprint())
const works: Work[] = [
  ...[64, 256, 1024].flatMap(matrixWorks),
  ...convolutionWorks('conv 64x14x14x32, 3x3, 64', 64, 14, 32, 64, 3),
  ...convolutionWorks('conv 64x28x28x1, 3x3, 32', 64, 28, 1, 32, 3),
  ...otherWorks(),
  ...copyWorks(),
  ...elementwiseWorks(),
]
for (const work of works) {
  const { ours, stock } = measure(work)
  const against =
    stock === undefined
      ? 'stock: no kernel'
      : `stock ${stock.toFixed(3)} ms${rateOf(work, stock)}, ratio ${(stock / ours).toFixed(1)}`
  console.log(`${work.name.padEnd(40)} ours ${ours.toFixed(3)} ms${rateOf(work, ours)}, ${against}`)
}
