/** Stock tfjs-layers with `trainOnBatch`: `tfjs-layers.ts <material> wasm`. */
import { train } from '@tensorflow/tfjs-core'
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers'
import type { Model } from '../suites/train/models.js'
import { type Material, readMaterial } from './material.js'
import { askedFor, LossCheck } from './protocol.js'
import { startStock, tensorOf } from './tfjs-backend.js'

function build(model: Model): Sequential {
  if (model.kind !== 'mlp') throw new Error(`tfjs-layers is not asked to build '${model.kind}'.`)
  const { inputs, hidden, classes } = model
  return sequential({
    layers: [
      layers.dense({ units: hidden, activation: 'relu', inputShape: [inputs] }),
      layers.dense({ units: hidden, activation: 'relu' }),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
  })
}

function compiled({ training, learningRate, weights }: Material): Sequential {
  const model = build(training.model)
  model.compile({
    optimizer: train.adam(learningRate, 0.9, 0.999, 1e-8),
    loss: 'sparseCategoricalCrossentropy',
  })
  model.setWeights([...weights.values()].map(tensorOf))
  return model
}

const [folder = '', backend = 'wasm'] = process.argv.slice(2)
const about = await startStock(backend)
const material = readMaterial(folder)
const check = new LossCheck(material.training.checkStep)
const model = compiled(material)
for (const batch of askedFor(material.batches, about, check)) {
  const inputs = tensorOf(batch.inputs)
  // Its sparse loss takes labels as float32.
  const labels = tensorOf({ data: Float32Array.from(batch.labels.data), shape: [...batch.labels.shape, 1] })
  const loss = await model.trainOnBatch(inputs, labels)
  check.see(() => (Array.isArray(loss) ? (loss[0] as number) : loss))
  inputs.dispose()
  labels.dispose()
}
