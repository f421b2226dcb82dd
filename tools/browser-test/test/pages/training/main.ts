// Everything on the page's own thread, as plainly as it can be written.
import { cpu } from '@levin/accelerators'
import { Trainer } from '@levin/trainer'
import { SpiralData, SpiralModule } from '../spiral.js'

/** Trains, and says what a test compares. */
async function train(maxEpochs: number) {
  const module = new SpiralModule()
  const trainer = new Trainer({ accelerator: cpu(), maxEpochs, seed: 7, loggers: false })
  const { status, metrics, clock } = await trainer.fit(module, new SpiralData())
  module.dispose()
  return { status, metrics, clock }
}

Object.assign(globalThis, { page: { train } })
