import type { Tensor } from '@tensorflow/tfjs-core'
import { beforeAll, describe, test } from 'vitest'
import * as nn from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import { differentiate, expectClose, type Recorded, recordedCases, toTensor } from './support/parity.js'

interface LossCase {
  readonly name: string
  readonly loss: string
  readonly predictions: Recorded
  readonly targets: Recorded
  readonly options: Readonly<Record<string, unknown>>
  readonly outputGradient: Recorded
  readonly output: Recorded
  readonly gradient: Recorded
}

type Loss = (predictions: Tensor, targets: Tensor, options: Readonly<Record<string, unknown>>) => Tensor

const losses = nn as unknown as Readonly<Record<string, Loss>>

const isRecorded = (value: unknown): value is Recorded => typeof value === 'object' && value !== null && 'data' in value

describe.each(BACKENDS)("losses give PyTorch's values and gradients on %s", (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(recordedCases<LossCase>('losses'))('$name', ({ loss, options, ...recorded }) => {
    const predictions = toTensor(recorded.predictions)
    const targets = toTensor(recorded.targets)
    const tensors = Object.fromEntries(
      Object.entries(options).map(([key, value]) => [key, isRecorded(value) ? toTensor(value) : value]),
    )
    const [value, [gradient]] = differentiate(
      () => (losses[loss] as Loss)(predictions, targets, tensors),
      [predictions],
      toTensor(recorded.outputGradient),
    )
    expectClose(value, recorded.output, 'value')
    expectClose(gradient as Tensor, recorded.gradient, 'gradient')
  })
})
