/** levin as a contender: `levin.ts <material> trainer|bare <threads>`. */
import { cpu } from '@levin/accelerators'
import { hostTensor, LevinError } from '@levin/core'
import { Trainer } from '@levin/trainer'
import { tensor } from '@tensorflow/tfjs-core'
import { bareLoop, type HostBatch } from './bare-loop.js'
import { type LevinModel, levinModel } from './levin-models.js'
import { type Material, readMaterial } from './material.js'
import { absent, askedFor, LossCheck } from './protocol.js'

/** Gives the module the weights that everybody begins with. */
function begin(module: LevinModel, { weights }: Material): void {
  module.build()
  const parameters = new Map(module.weights())
  for (const [name, { data, shape }] of weights) {
    const parameter = parameters.get(name)
    if (!parameter) throw new Error(`levin's ${module.constructor.name} has no parameter for '${name}'.`)
    parameter.assign(tensor(data, [...shape]))
    parameters.delete(name)
  }
  if (parameters.size > 0) throw new Error(`No weights for ${[...parameters.keys()].join(', ')}.`)
}

const [folder = '', loop = 'trainer', threads = '1'] = process.argv.slice(2)
const material = readMaterial(folder)
// Without a BLAS library there is one thread, and asking for more is refused.
const accelerator = threads === '1' ? cpu() : cpu({ threads: Number(threads) })
try {
  await accelerator.setup(0)
} catch (error) {
  if (error instanceof LevinError && error.code === 'LEVIN_UNAVAILABLE') absent(error.message)
  throw error
}
const check = new LossCheck(material.training.checkStep)
const module = levinModel(material, check)
begin(module, material)
const batches = material.batches.map(
  ({ inputs, labels }): HostBatch => ({
    inputs: hostTensor(inputs.data, inputs.shape),
    labels: hostTensor(labels.data, labels.shape),
  }),
)
const asked = askedFor(batches, accelerator.fingerprint(), check)
if (loop === 'bare') {
  const step = bareLoop(accelerator, module)
  for (const batch of asked) step(batch)
} else {
  const trainer = new Trainer({
    accelerator,
    maxEpochs: 1,
    loggers: false,
    callbacks: [],
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    numSanityValSteps: 0,
  })
  await trainer.fit(module, { train: asked })
}
