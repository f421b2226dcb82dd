import { anyOf, atEnd, everySteps } from '@levin/core'
import { defineRun } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { CharGpt } from './char-gpt.js'
import { alphabetOf, TextData } from './text-data.js'

export default defineRun({
  hparams: { text: '', context: 48, width: 64, heads: 4, blocks: 2, learningRate: 3e-3, batchSize: 16, maxEpochs: 5 },
  module: ({ text, ...hparams }) => new CharGpt({ ...hparams, alphabet: alphabetOf(text) }),
  data: ({ text, ...hparams }) => new TextData({ ...hparams, text, alphabet: alphabetOf(text) }),
  trainer: ({ maxEpochs }) => ({
    maxEpochs,
    seed: 11,
    loggers: false,
    logEvery: everySteps(5),
    valCheckInterval: everySteps(100),
    limitValBatches: 4,
    gradientClipVal: 1,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [modelCheckpoint({ every: anyOf(everySteps(50), atEnd()) })],
  }),
})
