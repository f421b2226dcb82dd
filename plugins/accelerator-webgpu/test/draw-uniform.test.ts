import '@tensorflow/tfjs-backend-cpu'
import { deriveKey, drawUniformOnHost } from '@levin/core'
import { setBackend } from '@tensorflow/tfjs-core'
import { expect, test, vi } from 'vitest'
import type { LevinBackend } from '../src/backend/levin-backend.js'
import { drawUniform } from '../src/kernels/draw-uniform.js'

test('a program without dropout draws on the host, the same bits, until it has loaded what draws on the device', async () => {
  await setBackend('cpu')
  const key = deriveKey(7, 'step', 'net')
  const layout = { globalShape: [4], start: [0], shape: [4] }
  const compute = vi.fn()
  const makeTensorInfo = (shape: number[]) => ({ dataId: {}, shape, dtype: 'float32' })
  const backend = { compute, makeTensorInfo } as unknown as LevinBackend

  const drawn = drawUniform(backend, key, layout)
  expect(compute).not.toHaveBeenCalled()
  expect(drawn.dataSync()).toEqual(drawUniformOnHost(key, layout).dataSync())
  await vi.waitFor(() => {
    drawUniform(backend, key, layout)
    expect(compute).toHaveBeenCalledOnce()
  })
})
