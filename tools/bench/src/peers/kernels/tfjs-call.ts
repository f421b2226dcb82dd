/** Kernels as tfjs's own ops compose them. */
import * as tf from '@tensorflow/tfjs-core'
import type { Kernel } from '../../suites/kernels/kernels.js'
import { classIndices, filled } from './values.js'

/** Computes the kernel once, from inputs that were made before. */
export interface Call {
  (): tf.Tensor[]
  /** What it changes in place, if that is what it does. */
  readonly changed?: () => tf.Tensor[]
}

/** Each kind of kernel: makes the inputs, and returns the call. */
export type Calls = { readonly [K in Kernel['kind']]: (kernel: Kernel & { readonly kind: K }) => Call }

export const input = <R extends tf.Rank = tf.Rank>(shape: tf.ShapeMap[R], salt: number): tf.Tensor<R> =>
  tf.tensor(filled(shape, salt), shape, 'float32') as tf.Tensor<R>

export const labelsOf = (rows: number, classes: number): tf.Tensor1D =>
  tf.tensor1d(classIndices(rows, classes), 'int32')

/** Gradients of all arguments, for a constant gradient of the result. */
export const backward = (f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], dy?: tf.Tensor): Call => {
  const gradients = tf.grads(f)
  return () => gradients(inputs, dy)
}

export const callOf = (calls: Calls, kernel: Kernel): Call => (calls[kernel.kind] as (kernel: Kernel) => Call)(kernel)

const same: [[number, number], [number, number], [number, number], [number, number]] = [
  [0, 0],
  [1, 1],
  [1, 1],
  [0, 0],
]

/** Where there is no kernel for it: one transposed product per tap of the filter. */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const [batch, height, width, inputs] = x.shape
  const outputs = dy.shape[3]
  const padded = tf.pad(x, same)
  const rows = tf.reshape(dy, [-1, outputs])
  const taps = Array.from({ length: 9 }, (_, tap) => {
    const window = tf.slice(padded, [0, Math.floor(tap / 3), tap % 3, 0], [batch, height, width, inputs])
    return tf.matMul(tf.reshape(window, [-1, inputs]), rows, true) as tf.Tensor
  })
  return tf.reshape(tf.stack(taps), [3, 3, inputs, outputs])
}

const layerNorm = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true)
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), scale), shift)
}

const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))

const UNARY = { exp: tf.exp, tanh: tf.tanh, sigmoid: tf.sigmoid }

export const COMPOSED: Calls = {
  matmul: ({ size, transposeA, transposeB }) => {
    const [a, b] = [input<tf.Rank.R2>([size, size], 0), input<tf.Rank.R2>([size, size], 0.1)]
    return () => [tf.matMul(a, b, transposeA, transposeB)]
  },
  convolution: ({ direction, batch, size, inputs, outputs }) => {
    const x = input<tf.Rank.R4>([batch, size, size, inputs], 0)
    const dy = input<tf.Rank.R4>([batch, size, size, outputs], 0.1)
    const filter = input<tf.Rank.R4>([3, 3, inputs, outputs], 0.2)
    if (direction === 'forward') return () => [tf.conv2d(x, filter, 1, 'same')]
    if (direction === 'input') return () => [tf.conv2dTranspose(dy, filter, x.shape, 1, 'same')]
    return () => [filterGradient(x, dy)]
  },
  unary: ({ op, count }) => {
    const x = input<tf.Rank.R1>([count], 0)
    return () => [op === 'gelu' ? gelu(x) : UNARY[op](x)]
  },
  softmax: ({ rows, width }) => {
    const x = input<tf.Rank.R2>([rows, width], 0)
    return () => [tf.softmax(x)]
  },
  sum: ({ rows, width }) => {
    const x = input<tf.Rank.R2>([rows, width], 0)
    return () => [tf.sum(x, 0)]
  },
  adam: ({ count }) => {
    const parameter = tf.variable(input<tf.Rank.R1>([count], 0), true, 'parameter')
    const gradient = input<tf.Rank.R1>([count], 0.1)
    const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8)
    const update = (): tf.Tensor[] => {
      optimizer.applyGradients({ parameter: gradient } as unknown as Parameters<typeof optimizer.applyGradients>[0])
      return []
    }
    return Object.assign(update, { changed: () => [parameter] })
  },
  'layer-norm': ({ rows, width }) => {
    const inputs = [
      input<tf.Rank.R2>([rows, width], 0),
      input<tf.Rank.R1>([width], 0.1),
      input<tf.Rank.R1>([width], 0.2),
    ]
    return backward(
      (x, scale, shift) => layerNorm(x as tf.Tensor, scale as tf.Tensor, shift as tf.Tensor),
      inputs,
      input([rows, width], 0.3),
    )
  },
  'cross-entropy': ({ rows, width }) => {
    const oneHot = tf.oneHot(labelsOf(rows, width), width)
    return backward(
      (logits) => tf.losses.softmaxCrossEntropy(oneHot, logits as tf.Tensor),
      [input<tf.Rank.R2>([rows, width], 0)],
    )
  },
  attention: ({ batch, heads, length, size }) => {
    // As a layer makes them, and then in the order that batched products want.
    const heading = (salt: number): tf.Tensor =>
      tf.transpose(input<tf.Rank.R4>([batch, length, heads, size], salt), [0, 2, 1, 3])
    const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([length, length]), -1, 0)), -1e9)
    const attend = (query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor => {
      const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)), mask)
      return tf.matMul(tf.softmax(scores), value)
    }
    return backward(attend as (...inputs: tf.Tensor[]) => tf.Tensor, [0, 0.1, 0.2].map(heading), heading(0.3))
  },
}
