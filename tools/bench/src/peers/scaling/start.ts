/** A training on worker threads: `start.ts <hparams of run.ts> <options of the Trainer>`, both as JSON. */
import '@levin/accelerators/register'
import '@levin/distributed/register'
import '@levin/strategies/register'
import { Trainer } from '@levin/trainer'

const [hparams = '{}', options = '{}'] = process.argv.slice(2)
const trainer = new Trainer({ launcher: 'worker', ...JSON.parse(options) })
await trainer.fit(new URL('./run.ts', import.meta.url), { hparams: JSON.parse(hparams) })
