import { csvLogger } from '@levin/loggers'
import { defineRun } from '@levin/trainer'
import { earlyStopping, learningRateMonitor, modelCheckpoint } from '@levin/trainer/callbacks'
import { DigitClassifier } from './digit-classifier.js'
import { MnistData } from './mnist-data.js'

/** The whole run as a value: what `main.ts` trains, and what `levin fit src/run.ts` trains too. */
export default defineRun({
  hparams: { learningRate: 2e-3, batchSize: 64, maxEpochs: 5, seed: 42 },
  module: ({ learningRate, batchSize, maxEpochs }) =>
    new DigitClassifier({ learningRate, totalSteps: maxEpochs * Math.ceil(8000 / batchSize) }),
  data: ({ batchSize, seed }) => new MnistData({ batchSize, splitSeed: seed }),
  trainer: ({ maxEpochs, seed }) => ({
    maxEpochs,
    seed,
    loggers: [csvLogger({ name: 'mnist' })],
    callbacks: [
      learningRateMonitor(),
      earlyStopping({ monitor: 'val/loss', patience: 3 }),
      modelCheckpoint({ monitor: 'val/accuracy', mode: 'max' }),
    ],
  }),
})
