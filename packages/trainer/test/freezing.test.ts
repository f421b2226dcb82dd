import '@tensorflow/tfjs-backend-cpu'
import { BoringModule, boringBatches } from '@levin/testing'
import { expect, test } from 'vitest'
import { quietTrainer } from './support.js'

test('what a hook freezes and unfreezes counts from the next window on, within the epoch', async () => {
  const module = new BoringModule()
  const [weight] = module.parameters()
  if (!weight) throw new Error('BoringModule has no parameter')
  const first: number[] = []
  const watch = {
    name: 'watch',
    onTrainStart: () => {
      weight.trainable = false
    },
    onTrainBatchEnd: () => {
      first.push(weight.value.dataSync()[0] as number)
      if (first.length === 2) weight.trainable = true
      if (first.length === 4) weight.trainable = false
    },
  }
  await quietTrainer({ callbacks: [watch] }).fit(module, { train: boringBatches({ batches: 6 }) })
  module.dispose()
  const changes = first.slice(1).map((value, i) => value !== first[i])
  expect(changes).toEqual([false, true, true, false, false])
})
