import { type Array as Jax, lax, nn, numpy as np } from '@jax-js/jax'
import type { Model } from '../suites/train/models.js'

export type JaxWeights = { [name: string]: Jax }

/** The loss of a batch. Uses up its arguments, as functions of jax-js do. */
export function jaxLoss(model: Model, weights: JaxWeights, inputs: Jax, labels: Jax): Jax {
  const logits = logitsOf(model, weights, inputs)
  const [rows, classes] = logits.shape as [number, number]
  const chosen = nn.logSoftmax(logits, -1).mul(nn.oneHot(labels.reshape([rows]), classes))
  return np.sum(chosen).mul(-1 / rows)
}

function logitsOf(model: Model, weights: JaxWeights, x: Jax): Jax {
  const take = (name: string): Jax => weights[name] as Jax
  const dense = (name: string, input: Jax): Jax => np.matmul(input, take(`${name}.weight`)).add(take(`${name}.bias`))
  if (model.kind === 'mlp') {
    return dense('head', nn.relu(dense('dense2', nn.relu(dense('dense1', x)))))
  }
  if (model.kind !== 'cnn') throw new Error(`jax-js is not asked to build '${model.kind}'.`)
  // Images are [batch, channels, height, width] and filters [out, in, height, width] here.
  const convolution = (name: string, input: Jax): Jax => {
    const filter = np.transpose(take(`${name}.weight`), [3, 2, 0, 1])
    const channels = filter.shape[0] as number
    return nn.relu(lax.conv(input, filter, [1, 1], 'VALID').add(take(`${name}.bias`).reshape([1, channels, 1, 1])))
  }
  const images = np.transpose(x, [0, 3, 1, 2])
  const features = convolution('conv2', convolution('conv1', images))
  const pooled = lax.reduceWindow(features, (window) => np.max(window), [2, 2], [2, 2])
  const flat = np.transpose(pooled, [0, 2, 3, 1]).reshape([x.shape[0] as number, -1])
  return dense('head', nn.relu(dense('dense', flat)))
}
