import '@levin/accelerators/register'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disk, loadModule } from '@levin/checkpoints/node'
import { engineMemory, isHostTensor } from '@levin/core'
import { csvLogger } from '@levin/loggers'
import { Trainer } from '@levin/trainer'
import { modelCheckpoint } from '@levin/trainer/callbacks'
import { tensor4d } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DigitClassifier } from '../src/digit-classifier.js'
import { MnistData } from '../src/mnist-data.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levin-mnist-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function firstOf<B>(loader: AsyncIterable<B>): Promise<B> {
  for await (const batch of loader) return batch
  throw new Error('the loader is empty')
}

/** One short fit: 40 steps and a validation. */
async function shortFit(name: string, data: MnistData) {
  const module = new DigitClassifier({ totalSteps: 200 })
  const trainer = new Trainer({
    maxEpochs: 1,
    seed: 5,
    limitTrainBatches: 40,
    enableProgressBar: false,
    enableModelSummary: false,
    defaultRootDir: folder,
    loggers: [csvLogger({ name })],
    checkpointIO: disk(),
    callbacks: [modelCheckpoint({ monitor: 'val/accuracy', mode: 'max' })],
  })
  return { module, trainer, result: await trainer.fit(module, data) }
}

test('the digit classifier learns, the same way twice, and serves from its checkpoint', {
  timeout: 180_000,
}, async () => {
  const data = new MnistData({ splitSeed: 5 })
  const first = await shortFit('first', data)
  const { metrics, bestCheckpoint } = first.result
  expect(metrics['val/accuracy']).toBeGreaterThan(0.8)

  const tested = await first.trainer.test(first.module, data, { ckptPath: 'best' })
  expect(tested.metrics['test/accuracy']).toBeGreaterThan(0.8)

  const served = await loadModule(DigitClassifier, bestCheckpoint as string)
  const batch = await firstOf(data.testDataLoader())
  if (!isHostTensor(batch.images)) throw new Error('the test loader gave no images on the host')
  const before = engineMemory().tensors
  const images = tensor4d(batch.images.data as Float32Array, batch.images.shape as [number, number, number, number])
  const logits = served.predict(images)
  const expected = first.module.predict(images)
  expect(logits.shape).toEqual([250, 10])
  expect(await logits.data()).toEqual(await expected.data())
  for (const tensor of [images, logits, expected]) tensor.dispose()
  expect(engineMemory().tensors).toBe(before)
  served.dispose()
  first.module.dispose()

  const again = await shortFit('second', new MnistData({ splitSeed: 5 }))
  expect(again.result.metrics).toEqual(metrics)
  again.module.dispose()
})
