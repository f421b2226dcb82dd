import { hostTensor } from '@levin/core'
import { getBackend, removeBackend } from '@tensorflow/tfjs-core'
import { expect, it } from 'vitest'
import { tfjsCpu } from '../src/index.js'

it("sets up tfjs's JavaScript backend", async () => {
  const accelerator = tfjsCpu()
  await accelerator.setup()
  await accelerator.setup(1)
  expect(getBackend()).toBe('cpu')
  expect(accelerator.fingerprint()).toMatch(/^tfjs-cpu\/4\./)
  expect(accelerator.memory()).toEqual({ tensors: 0, bytes: 0 })
  expect(accelerator.statistics()).not.toHaveProperty('memory/heapBytes')
})

it('uploads a copy, although the backend keeps the array it is given', () => {
  const staging = new Float32Array([1, 2])
  const uploaded = tfjsCpu().upload(hostTensor(staging, [2]))
  staging.fill(0)
  expect([...uploaded.dataSync()]).toEqual([1, 2])
  uploaded.dispose()
})

it('says what to install where the backend cannot be imported', async () => {
  removeBackend('cpu')
  expect(getBackend()).not.toBe('cpu')
  await expect(tfjsCpu({ lib: () => Promise.reject(new Error('gone')) }).setup()).rejects.toMatchObject({
    code: 'LEVIN_UNAVAILABLE',
    message: expect.stringContaining('@tensorflow/tfjs-backend-cpu'),
  })
})
