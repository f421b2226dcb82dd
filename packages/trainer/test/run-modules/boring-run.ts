import '@tensorflow/tfjs-backend-cpu'
import { DataModule } from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import { defineRun } from '../../src/index.js'

/** What the runs of this process were built with, and how they are to go wrong. */
export const built: { hparams: unknown; module: BoringModule }[] = []

class Data extends DataModule {}

export default defineRun({
  hparams: { learningRate: 0.1, batches: 4, failAt: -1, failMessage: '' },
  module: (hparams) => {
    const module = new BoringModule({ learningRate: hparams.learningRate })
    built.push({ hparams, module })
    let batch = 0
    return Object.assign(module, {
      onTrainBatchStart: () => {
        if (batch++ === hparams.failAt) throw new Error(hparams.failMessage)
      },
    })
  },
  data: ({ batches }) => {
    const loader = () => boringBatches({ batches })
    return Object.assign(new Data(), {
      trainDataLoader: loader,
      valDataLoader: loader,
      testDataLoader: loader,
      predictDataLoader: loader,
    })
  },
  trainer: () => ({ maxEpochs: 2, enableProgressBar: false, enableModelSummary: false, numSanityValSteps: 0 }),
})
