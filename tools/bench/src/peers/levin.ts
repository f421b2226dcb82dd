/** levin as a contender: `levin.ts <material> trainer|bare <threads>`. */
import { cpu } from '@levin/accelerators'
import { hostTensor, LevinError } from '@levin/core'
import { Trainer } from '@levin/trainer'
import { bareLoop, type HostBatch } from './bare-loop.js'
import { begin, levinModel } from './levin-models.js'
import { readMaterial } from './material.js'
import { absent, askedFor, LossCheck } from './protocol.js'

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
