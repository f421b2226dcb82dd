import { hostTensor } from '@levin/core'
import { layerNorm, softmaxCrossEntropy } from '@levin/ops'
import { softmax, type Tensor, type Tensor1D, type Tensor2D, tidy } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { webgpu } from '../src/index.js'
import { hasAdapter } from './support.js'

// What the sweep cannot see: that a result, right or not, is made by one program.
describe.runIf(hasAdapter())('one dispatch is enough for', () => {
  const accelerator = hasAdapter() ? webgpu() : undefined
  let x: Tensor2D
  let labels: Tensor1D

  beforeAll(async () => {
    await accelerator?.setup()
    x = accelerator?.upload(
      hostTensor(
        Float32Array.from({ length: 24 * 130 }, (_, at) => Math.sin(at)),
        [24, 130],
      ),
    ) as Tensor2D
    labels = accelerator?.upload(
      hostTensor(
        Int32Array.from({ length: 24 }, (_, row) => row),
        [24],
      ),
    ) as Tensor1D
  })
  afterAll(() => accelerator?.teardown())

  const dispatches = async () => (await accelerator?.statistics())?.['webgpu/dispatches'] as number

  const ops: Readonly<Record<string, () => Tensor>> = {
    softmax: () => softmax(x),
    'layer norm': () => layerNorm(x),
  }
  test.each(Object.entries(ops))('%s', async (_, op) => {
    const before = await dispatches()
    tidy(() => void op())
    expect((await dispatches()) - before).toBe(1)
  })

  test('the rows of a cross-entropy, before its two sums', async () => {
    const before = await dispatches()
    tidy(() => void softmaxCrossEntropy(x, labels))
    expect((await dispatches()) - before).toBe(3)
  })
})
