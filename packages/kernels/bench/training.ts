// Steps per second of small models built from ops, with the stock kernels where they can train, and with ours.
// Run from the repository's root: npx tsx --conditions=@levin/source packages/kernels/bench/training.ts [mlp|cnn|transformer] [only]
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import { ensureGradients } from '@levin/core'
import { registerKernels, restoreKernels } from '@levin/kernels'
import {
  type AdamEntry,
  adamUpdate,
  dropout,
  embedding,
  gelu,
  layerNorm,
  linear,
  relu,
  softmaxCrossEntropy,
} from '@levin/ops'

/** A model as a loss over its parameters. */
interface Model {
  readonly name: string
  readonly shapes: readonly (readonly number[])[]
  readonly loss: (parameters: readonly tf.Tensor[]) => tf.Scalar
  /** Whether stock kernels can train it. */
  readonly stock: boolean
}

const random = (shape: readonly number[], scale = 1) => tf.mul(tf.randomUniform([...shape], -1, 1, 'float32', 7), scale)
const labelsOf = (count: number, classes: number) =>
  tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => (i * 7919) % classes),
    'int32',
  )

function mlp(): Model {
  const x = random([64, 784])
  const labels = labelsOf(64, 10)
  return {
    name: 'mlp',
    shapes: [[784, 256], [256], [256, 256], [256], [256, 10], [10]],
    stock: true,
    loss: ([w1, b1, w2, b2, w3, b3]) => {
      const one = linear(x, w1 as tf.Tensor, b1, { activation: 'relu' })
      const two = linear(one, w2 as tf.Tensor, b2, { activation: 'relu' })
      return softmaxCrossEntropy(linear(two, w3 as tf.Tensor, b3), labels) as tf.Scalar
    },
  }
}

/** The digit classifier of examples/mnist, batch 64. */
function cnn(): Model {
  const x = random([64, 28, 28, 1]) as tf.Tensor4D
  const labels = labelsOf(64, 10)
  const conv = (input: tf.Tensor4D, w: tf.Tensor, b: tf.Tensor) =>
    relu(tf.add(tf.conv2d(input, w as tf.Tensor4D, 1, 'valid'), b)) as tf.Tensor4D
  const pool = (input: tf.Tensor4D) => tf.maxPool(input, 2, 2, 'valid')
  return {
    name: 'cnn',
    shapes: [[3, 3, 1, 24], [24], [3, 3, 24, 48], [48], [1200, 64], [64], [64, 10], [10]],
    stock: false,
    loss: ([w1, b1, w2, b2, w3, b3, w4, b4]) => {
      const one = pool(conv(x, w1 as tf.Tensor, b1 as tf.Tensor))
      const two = pool(conv(one, w2 as tf.Tensor, b2 as tf.Tensor))
      const flat = tf.reshape(two, [64, 1200])
      const kept = dropout(flat, { rate: 0.4, key: [1, 2], draw: () => tf.randomUniform([64, 1200]) })
      const hidden = linear(kept, w3 as tf.Tensor, b3, { activation: 'relu' })
      return softmaxCrossEntropy(linear(hidden, w4 as tf.Tensor, b4), labels) as tf.Scalar
    },
  }
}

/** One block of a transformer: width 128, 4 heads, context 64, batch 8, vocabulary 96. */
function transformer(): Model {
  const [batch, context, width, heads, vocabulary] = [8, 64, 128, 4, 96]
  const ids = labelsOf(batch * context, vocabulary)
  const labels = labelsOf(batch * context, vocabulary)
  const split = (x: tf.Tensor) => tf.transpose(tf.reshape(x, [batch, context, heads, width / heads]), [0, 2, 1, 3])
  return {
    name: 'transformer',
    shapes: [
      [vocabulary, width],
      [width],
      [width],
      [width, width],
      [width, width],
      [width, width],
      [width, width],
      [width],
      [width],
      [width, 4 * width],
      [4 * width],
      [4 * width, width],
      [width],
      [width, vocabulary],
    ],
    stock: false,
    loss: (p) => {
      const at = (index: number) => p[index] as tf.Tensor
      const x = embedding(at(0), ids)
      const normed = layerNorm(x, at(1), at(2))
      const [q, k, v] = [3, 4, 5].map((index) => split(linear(normed, at(index))))
      const scores = tf.mul(tf.matMul(q as tf.Tensor, k as tf.Tensor, false, true), 1 / Math.sqrt(width / heads))
      const mixed = tf.matMul(tf.softmax(scores), v as tf.Tensor)
      const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * context, width])
      const y = tf.add(x, linear(joined, at(6)))
      const z = tf.add(y, linear(gelu(linear(layerNorm(y, at(7), at(8)), at(9), at(10))), at(11), at(12)))
      return softmaxCrossEntropy(linear(z, at(13)), labels) as tf.Scalar
    },
  }
}

/** Trains by Adam until told otherwise; each call is one step. */
function trainer(model: Model): () => void {
  const zeros = (shape: readonly number[]) => tf.variable(tf.zeros([...shape]))
  const parameters = model.shapes.map((shape) => tf.variable(random(shape, 0.05)))
  const moments = model.shapes.map((shape) => [zeros(shape), zeros(shape)] as const)
  let step = 0
  return () => {
    step++
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => model.loss(parameters), parameters)
      const entries: AdamEntry[] = parameters.map((parameter, index) => ({
        parameter,
        gradient: grads[parameter.name] as tf.Tensor,
        firstMoment: moments[index]?.[0] as tf.Tensor,
        secondMoment: moments[index]?.[1] as tf.Tensor,
      }))
      const values = adamUpdate(entries, { learningRate: 1e-3, step })
      for (const [index, value] of values.entries()) {
        if (value.parameter === parameters[index]) continue
        parameters[index]?.assign(value.parameter)
        moments[index]?.[0].assign(value.firstMoment)
        moments[index]?.[1].assign(value.secondMoment)
        value.parameter.dispose()
        value.firstMoment.dispose()
        value.secondMoment.dispose()
      }
    })
  }
}

function rate(step: () => void, milliseconds: number): number {
  const start = performance.now()
  let steps = 0
  while (performance.now() - start < milliseconds) {
    step()
    steps++
  }
  return (1000 * steps) / (performance.now() - start)
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const [chosen, only] = process.argv.slice(2)
ensureGradients()
await tf.setBackend('wasm')
for (const model of [mlp(), cnn(), transformer()]) {
  if (chosen !== undefined && chosen !== model.name) continue
  registerKernels()
  const step = trainer(model)
  const ours: number[] = []
  const stock: number[] = []
  rate(step, 500)
  for (let round = 0; round < 5; round++) {
    registerKernels()
    ours.push(rate(step, 1000))
    if (!model.stock || only !== undefined) continue
    restoreKernels()
    stock.push(rate(step, 1000))
  }
  console.log(model.name, 'ours', median(ours).toFixed(1), 'stock', median(stock).toFixed(1), 'steps/s')
}
