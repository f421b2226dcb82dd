/**
 * Stock tfjs with a loop written by hand around `variableGrads` and `train.adam`: `tfjs-stock.ts <material> wasm|cpu`.
 * AdamW is not in tfjs: the decay is taken off before Adam's update.
 */
import { mul, type Scalar, tidy, train, type Variable, variable, variableGrads } from '@tensorflow/tfjs-core'
import { readMaterial } from './material.js'
import { askedFor, LossCheck } from './protocol.js'
import { startStock, tensorOf } from './tfjs-backend.js'
import { logitsOf, lossOf } from './tfjs-models.js'

const [folder = '', backend = 'wasm'] = process.argv.slice(2)
const { training, learningRate, weightDecay, weights, batches } = readMaterial(folder)
const about = await startStock(backend)
const check = new LossCheck(training.checkStep)
const variables = new Map<string, Variable>()
for (const [name, values] of weights) variables.set(name, variable(tensorOf(values), true, name))
const all = [...variables.values()]
const optimizer = train.adam(learningRate, 0.9, 0.999, 1e-8)

function decay(): void {
  if (training.optimizer === 'adam') return
  for (const each of all) tidy(() => each.assign(mul(each, 1 - learningRate * weightDecay)))
}

for (const batch of askedFor(batches, about, check)) {
  const inputs = tensorOf(batch.inputs)
  const labels = tensorOf(batch.labels)
  const { value, grads } = variableGrads(
    () => lossOf(logitsOf(training.model, variables, inputs), labels) as Scalar,
    all,
  )
  check.see(() => value.dataSync()[0] as number)
  decay()
  // Gradients, not variables; tfjs's type says otherwise.
  optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0])
  for (const each of [value, inputs, labels, ...Object.values(grads)]) each.dispose()
}
