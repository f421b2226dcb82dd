import { anyOf, atEnd, everySteps } from '@levin/core'
import { defineRun } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { DigitData } from './digit-data.js'
import { DigitNet } from './digit-net.js'

/** The same training in Node, in a page's worker, on a CPU and on a GPU. */
export default defineRun({
  hparams: { filters: 8, learningRate: 3e-3, batchSize: 64, digits: 8000, held: 1000, maxEpochs: 10, seed: 7 },
  module: (hparams) => new DigitNet(hparams),
  data: (hparams) => new DigitData(hparams),
  trainer: ({ maxEpochs, seed }) => ({
    maxEpochs,
    seed,
    loggers: false,
    logEvery: everySteps(5),
    enableProgressBar: false,
    enableModelSummary: false,
    // What the page shows of the model it reads from checkpoints; where it goes on after a reload, too.
    callbacks: [modelCheckpoint({ every: anyOf(everySteps(25), atEnd()) })],
  }),
})
