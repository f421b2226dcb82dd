import { tensor1d, tensor2d } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { expect, it } from 'vitest'
import { accuracy, mean } from '../src/index.js'

it('counts', () => {
  const s = accuracy(
    tensor2d([
      [1, 2],
      [3, 1],
    ]),
    tensor1d([1, 1], 'int32'),
  )
  expect([...s.state.dataSync()]).toEqual([1, 2])
  expect([
    ...accuracy(
      tensor2d([
        [1, 2, 3],
        [3, 1, 2],
        [3, 1, 2],
      ]),
      tensor1d([1, 1, -100], 'int32'),
      { topK: 2, ignoreIndex: -100 },
    ).state.dataSync(),
  ]).toEqual([1, 2])
  expect([...mean(tensor1d([1, 2])).state.dataSync()]).toEqual([3, 2])
})
