import '@levin/accelerators/register'
import '@levin/checkpoints/register'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Trainer } from '@levin/trainer'
import run from './run.js'

const { values } = parseArgs({
  options: {
    epochs: { type: 'string', default: String(run.hparams.maxEpochs) },
    seed: { type: 'string', default: String(run.hparams.seed) },
    accelerator: { type: 'string', default: 'auto' },
  },
})
const hparams = { ...run.hparams, maxEpochs: Number(values.epochs), seed: Number(values.seed) }

const module = run.module(hparams)
const data = run.data?.(hparams)
const plugins = run.plugins ?? []
const trainer = new Trainer({
  plugins,
  accelerator: values.accelerator,
  handleSignals: true,
  ...run.trainer?.(hparams),
})

const started = performance.now()
const result = await trainer.fit(module, data)
const seconds = (performance.now() - started) / 1000
const { metrics } = await trainer.test(module, data, result.bestCheckpoint ? { ckptPath: result.bestCheckpoint } : {})

const checkpoint = relative(process.cwd(), result.bestCheckpoint ?? '')
console.log(`
${result.status} after ${result.clock.epoch} epochs, ${result.clock.globalStep} steps, ${seconds.toFixed(1)} s
metrics, hyper-parameters and checkpoints: ${relative(process.cwd(), result.runFolder)}

Use it in a service, without a Trainer:

  import '@levin/accelerators/register'
  import { loadModule } from '@levin/checkpoints/node'
  import { DigitClassifier } from './digit-classifier.js'

  const model = await loadModule(DigitClassifier, '${checkpoint}')
  const logits = model.predict(images) // [batch, 28, 28, 1] → [batch, 10]

test/accuracy ${metrics['test/accuracy']}`)
module.dispose()
