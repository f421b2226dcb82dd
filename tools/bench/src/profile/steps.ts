import { cpu } from '@levin/accelerators'
import { hostTensor } from '@levin/core'
import { type Scalar, tensor, train, type Variable, variable, variableGrads } from '@tensorflow/tfjs-core'
import { bareLoop } from '../peers/bare-loop.js'
import { begin, levinModel } from '../peers/levin-models.js'
import type { Material } from '../peers/material.js'
import { LossCheck } from '../peers/protocol.js'
import { startStock, tensorOf } from '../peers/tfjs-backend.js'
import { logitsOf, lossOf } from '../peers/tfjs-models.js'

/** One training step at a time, by its number, and on what. */
export interface Steps {
  readonly about: string
  step(index: number): void
}

const neverChecked = (): LossCheck => new LossCheck(Number.POSITIVE_INFINITY)

export async function ourStep(material: Material): Promise<Steps> {
  const accelerator = cpu()
  await accelerator.setup(0)
  const module = levinModel(material, neverChecked())
  begin(module, material)
  const batches = material.batches.map(({ inputs, labels }) => ({
    inputs: hostTensor(inputs.data, inputs.shape),
    labels: hostTensor(labels.data, labels.shape),
  }))
  const loop = bareLoop(accelerator, module)
  return {
    about: accelerator.fingerprint(),
    step: (index) => loop(batches[index % batches.length] as (typeof batches)[number]),
  }
}

export async function stockStep({ training, learningRate, weights, batches }: Material): Promise<Steps> {
  const about = await startStock('wasm')
  const variables = new Map<string, Variable>()
  for (const [name, { data, shape }] of weights) variables.set(name, variable(tensor(data, [...shape]), true, name))
  const all = [...variables.values()]
  const optimizer = train.adam(learningRate)
  return {
    about,
    step(index) {
      const batch = batches[index % batches.length] as (typeof batches)[number]
      const [inputs, labels] = [tensorOf(batch.inputs), tensorOf(batch.labels)]
      const forward = () => lossOf(logitsOf(training.model, variables, inputs), labels) as Scalar
      const { value, grads } = variableGrads(forward, all)
      // Gradients, not variables; tfjs's type says otherwise.
      optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0])
      for (const each of [value, inputs, labels, ...Object.values(grads)]) each.dispose()
    },
  }
}
