import { DigitClassifier } from '@levin/example-mnist/digit-classifier'
import { MnistData } from '@levin/example-mnist/mnist-data'
import { anyOf, atEnd, defineRun, everyEpochs, modelCheckpoint } from 'levin'

/** What every worker of a training builds for itself. Checkpoints are saved when a training is stopped, too. */
export default defineRun({
  hparams: { learningRate: 2e-3, batchSize: 64, maxEpochs: 5, limitTrainBatches: 125 },
  module: ({ learningRate, maxEpochs, limitTrainBatches }) =>
    new DigitClassifier({ learningRate, totalSteps: maxEpochs * limitTrainBatches }),
  data: ({ batchSize }) => new MnistData({ batchSize }),
  trainer: ({ maxEpochs, limitTrainBatches }) => ({
    maxEpochs,
    limitTrainBatches,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [modelCheckpoint({ every: anyOf(everyEpochs(1), atEnd()) })],
  }),
})
