/** The models in plain tfjs ops, as one writes them without a library: functions of the weights by name. */
import * as tf from '@tensorflow/tfjs-core'
import type { Model } from '../suites/train/models.js'

export type Weights = ReadonlyMap<string, tf.Tensor>

/** `[batch, …]` to logits `[rows, classes]`. */
export function logitsOf(model: Model, weights: Weights, inputs: tf.Tensor): tf.Tensor2D {
  switch (model.kind) {
    case 'mlp':
      return mlp(weights, inputs)
    case 'cnn':
      return cnn(weights, inputs as tf.Tensor4D)
    case 'gpt':
      return gpt(model, weights, inputs)
    case 'lstm':
      return lstm(model, weights, inputs as tf.Tensor3D)
  }
}

/** The loss that most tfjs programs write: one-hot labels and `tf.losses`. */
export function lossOf(logits: tf.Tensor2D, labels: tf.Tensor): tf.Scalar {
  const oneHot = tf.oneHot(tf.reshape(labels, [-1]) as tf.Tensor1D, logits.shape[1])
  return tf.losses.softmaxCrossEntropy(oneHot, logits) as tf.Scalar
}

const weight = <T extends tf.Tensor = tf.Tensor>(weights: Weights, name: string): T => {
  const found = weights.get(name)
  if (!found) throw new Error(`There is no weight called '${name}'.`)
  return found as T
}

const dense = (weights: Weights, name: string, x: tf.Tensor): tf.Tensor2D =>
  tf.add(tf.matMul(x as tf.Tensor2D, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`))

function mlp(weights: Weights, x: tf.Tensor): tf.Tensor2D {
  const first = tf.relu(dense(weights, 'dense1', x))
  return dense(weights, 'head', tf.relu(dense(weights, 'dense2', first)))
}

function cnn(weights: Weights, x: tf.Tensor4D): tf.Tensor2D {
  const convolution = (name: string, input: tf.Tensor4D): tf.Tensor4D =>
    tf.relu(
      tf.add(
        tf.conv2d(input, weight<tf.Tensor4D>(weights, `${name}.weight`), 1, 'valid'),
        weight(weights, `${name}.bias`),
      ),
    ) as tf.Tensor4D
  const pooled = tf.maxPool(convolution('conv2', convolution('conv1', x)), 2, 2, 'valid')
  const features = tf.reshape(pooled, [x.shape[0], -1])
  return dense(weights, 'head', tf.relu(dense(weights, 'dense', features)))
}

function layerNorm(weights: Weights, name: string, x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true)
  const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)))
  return tf.add(tf.mul(normal, weight(weights, `${name}.weight`)), weight(weights, `${name}.bias`))
}

const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))

function attend(model: Model & { kind: 'gpt' }, weights: Weights, name: string, x: tf.Tensor, mask: tf.Tensor) {
  const { context, width, heads } = model
  const size = width / heads
  const heading = (part: string): tf.Tensor =>
    tf.transpose(tf.reshape(dense(weights, `${name}.${part}`, x), [-1, context, heads, size]), [0, 2, 1, 3])
  const [query, key, value] = [heading('query'), heading('key'), heading('value')] as const
  const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size)), mask)
  const joined = tf.transpose(tf.matMul(tf.softmax(scores), value), [0, 2, 1, 3])
  return dense(weights, `${name}.output`, tf.reshape(joined, [-1, width]))
}

/** 0 where a position may look, and far below 0 where it may not. `[context, context]` */
const causalMask = (context: number): tf.Tensor =>
  tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([context, context]), -1, 0)), -1e9)

function gpt(model: Model & { kind: 'gpt' }, weights: Weights, ids: tf.Tensor): tf.Tensor2D {
  const mask = causalMask(model.context)
  const tokens = tf.gather(weight(weights, 'tokens'), ids as tf.Tensor2D)
  let x = tf.reshape(tf.add(tokens, weight(weights, 'positions')), [-1, model.width]) as tf.Tensor
  for (let layer = 0; layer < model.layers; layer++) {
    const name = `block${layer}`
    x = tf.add(x, attend(model, weights, name, layerNorm(weights, `${name}.norm1`, x), mask))
    const wide = gelu(dense(weights, `${name}.widen`, layerNorm(weights, `${name}.norm2`, x)))
    x = tf.add(x, dense(weights, `${name}.narrow`, wide))
  }
  return dense(weights, 'head', layerNorm(weights, 'norm', x))
}

function lstmLayer(weights: Weights, name: string, inputs: tf.Tensor[], hidden: number): tf.Tensor[] {
  const batch = (inputs[0] as tf.Tensor).shape[0] as number
  let state: tf.Tensor = tf.zeros([batch, hidden])
  let cell: tf.Tensor = tf.zeros([batch, hidden])
  const bias = tf.add(weight(weights, `${name}.inputBias`), weight(weights, `${name}.hiddenBias`))
  return inputs.map((x) => {
    const fromInput = tf.matMul(x as tf.Tensor2D, weight<tf.Tensor2D>(weights, `${name}.inputWeight`))
    const fromState = tf.matMul(state as tf.Tensor2D, weight<tf.Tensor2D>(weights, `${name}.hiddenWeight`))
    const gates = tf.split(tf.add(tf.add(fromInput, fromState), bias), 4, 1)
    const [input, forget, candidate, output] = gates as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
    cell = tf.add(tf.mul(tf.sigmoid(forget), cell), tf.mul(tf.sigmoid(input), tf.tanh(candidate)))
    state = tf.mul(tf.sigmoid(output), tf.tanh(cell))
    return state
  })
}

function lstm({ layers, hidden }: Model & { kind: 'lstm' }, weights: Weights, x: tf.Tensor3D): tf.Tensor2D {
  let sequence: tf.Tensor[] = tf.unstack(x, 1)
  for (let layer = 0; layer < layers; layer++) sequence = lstmLayer(weights, `lstm${layer}`, sequence, hidden)
  return dense(weights, 'head', sequence.at(-1) as tf.Tensor)
}
