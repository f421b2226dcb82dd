import '@tensorflow/tfjs-backend-cpu'
import type { Callback, StepRunContext } from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import { expect, test } from 'vitest'
import { quietTrainer } from './support.js'

test('what batch hooks log is weighted by the samples of their batch, and what epoch hooks log by one', async () => {
  const uneven = [...boringBatches({ batches: 1, batchSize: 6 }), ...boringBatches({ batches: 1, batchSize: 2 })]
  const log = (name: string, value: number, run: StepRunContext) =>
    run.log(name, value, { onStep: false, onEpoch: true })
  const callback: Callback = {
    name: 'logs',
    onTrainBatchStart: (_batch, index, run) => log('start', index, run),
    onAfterBackward: (run) => log('backward', run.clock.batchIndex, run),
    onTrainBatchEnd: (_output, _batch, index, run) => log('end', index, run),
    onValidationBatchEnd: (_batch, index, run) => log('validation', index, run),
    onTrainEpochStart: (run) => run.log('epoch', 3),
    onTrainEpochEnd: (run) => run.log('epoch', 5),
  }
  const module = new BoringModule()
  const trainer = quietTrainer({ maxEpochs: 1, callbacks: [callback] })
  const { metrics } = await trainer.fit(module, { train: uneven, validate: uneven })
  module.dispose()
  // Batch 0 has six samples and batch 1 two.
  expect(metrics).toMatchObject({ start: 0.25, backward: 0.25, end: 0.25, validation: 0.25, epoch: 4 })
})
