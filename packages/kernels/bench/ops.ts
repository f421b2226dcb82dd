// Times the ops of @levin/ops on our kernels against the same ops composed on the stock backend, interleaved; the lower
// fifth of the times, which other work on the machine disturbs least.
// Run from the repository's root: npx tsx --conditions=@levin/source packages/kernels/bench/ops.ts
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import { registerKernels, restoreKernels } from '@levin/kernels'
import * as ops from '@levin/ops'

const ROUNDS = 3
const ROUND_MS = 120

await tf.setBackend('wasm')

const random = (shape: number[]) => tf.randomUniform(shape, -1, 1, 'float32', 5)
const wide = random([512, 512])
const table = random([1_000_000])
const [m, v] = [tf.zeros([1_000_000]), tf.zeros([1_000_000])]
const other = random([512, 512])
const vector = random([512])
const labels = tf.tensor1d(
  Int32Array.from({ length: 512 }, (_, i) => (i * 7919) % 512),
  'int32',
)
const ids = tf.tensor1d(
  Int32Array.from({ length: 512 }, (_, i) => (i * 7919) % 96),
  'int32',
)
const words = random([96, 128])
const heads = random([8, 128, 128])

const gradient = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) => () => tf.valueAndGrads((y) => f(y as tf.Tensor))([x])

const works: Record<string, () => unknown> = {
  'adam, 1 M parameters': () => {
    const entry = { parameter: table, gradient: table, firstMoment: m, secondMoment: v }
    const [values] = ops.adamUpdate([entry], { learningRate: 0, step: 1 })
    if (values?.parameter !== table) tf.dispose(values as object as tf.TensorContainer)
  },
  'sgd with momentum, 1 M': () => {
    const entry = { parameter: table, gradient: table, momentumBuffer: m }
    const [values] = ops.sgdUpdate([entry], { learningRate: 0, momentum: 0.9, step: 2 })
    if (values?.parameter !== table) tf.dispose(values as object as tf.TensorContainer)
  },
  'squared norm, 1 M': () => ops.squaredNorm([table]),
  'cross-entropy 512 x 512': gradient((x) => ops.softmaxCrossEntropy(x, labels), wide),
  'binary cross-entropy 256 k': gradient((x) => ops.binaryCrossEntropyWithLogits(x, wide), wide),
  'mse 256 k': gradient((x) => ops.mse(x, other), wide),
  'layer norm 512 x 512': gradient((x) => ops.layerNorm(x, vector, vector), wide),
  'batch norm 512 x 512': gradient((x) => ops.batchNorm(x, vector, vector).y, wide),
  'gelu 256 k': gradient((x) => ops.gelu(x), wide),
  'silu 256 k': gradient((x) => ops.silu(x), wide),
  'tanh 256 k': gradient((x) => ops.tanh(x), wide),
  'relu 256 k': gradient((x) => ops.relu(x), wide),
  'dropout 256 k': gradient(
    (x) => ops.dropout(x, { rate: 0.3, key: [1, 2], draw: () => tf.randomUniform([512, 512]) }),
    wide,
  ),
  'embedding 512 of 96 x 128': gradient((x) => ops.embedding(x, ids), words),
  'attention 8 x 128 x 128, 4 heads': gradient(
    (x) => ops.attention(x, heads, heads, { heads: 4, causal: true }),
    heads,
  ),
}

function time(run: () => unknown): number[] {
  const times: number[] = []
  const start = performance.now()
  do {
    const from = performance.now()
    tf.tidy(() => void run())
    times.push(performance.now() - from)
  } while (performance.now() - start < ROUND_MS)
  return times
}

const low = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 5)] ?? Number.NaN

for (const [name, run] of Object.entries(works)) {
  const ours: number[] = []
  const stock: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    registerKernels()
    ours.push(...time(run))
    restoreKernels()
    try {
      stock.push(...time(run))
    } catch {
      // The stock backend lacks a kernel of the composed form.
    }
  }
  const ratio = low(stock) / low(ours)
  console.log(
    `${name.padEnd(34)} ${low(ours).toFixed(3)} ms, composed on stock ${low(stock).toFixed(3)} ms, ratio ${ratio.toFixed(1)}`,
  )
}
