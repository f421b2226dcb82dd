import { engineMemory } from '@levin/core'
import { BoringModule, boringBatches } from '@levin/testing'
import '@tensorflow/tfjs-backend-cpu'
import { expect, test } from 'vitest'
import { Trainer } from '../src/index.js'

const quiet = { enableProgressBar: false, enableModelSummary: false, loggers: false } as const

test('a fit lowers the loss, counts its steps and leaves only parameters behind', async () => {
  const before = engineMemory()
  const module = new BoringModule()
  const data = { train: boringBatches(), validate: boringBatches() }
  const result = await new Trainer({ ...quiet, maxEpochs: 3 }).fit(module, data)
  expect(result.status).toBe('completed')
  expect(result.clock).toMatchObject({ globalStep: 12, epoch: 3, batchIndex: 0, totalBatches: 12, totalSamples: 48 })
  expect(result.metrics['val/loss']).toBeLessThan(0.1)
  expect(engineMemory().tensors).toBe(before.tensors + module.parameters().length)
  module.dispose()
  expect(engineMemory()).toEqual(before)
})
