import { assignPaths, BufferUpdates, LevinError } from '@levin/core'
import { memory, type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { batchNorm } from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import {
  differentiate,
  expectClose,
  loadParameters,
  type Recorded,
  recordedCases,
  stepAt,
  toTensor,
} from './support/parity.js'

interface BatchNormCase {
  readonly name: string
  readonly args: Parameters<typeof batchNorm>
  readonly parameters: Readonly<Record<string, Recorded>>
  readonly steps: readonly {
    readonly train: boolean
    readonly input: Recorded
    readonly outputGradient: Recorded
    readonly output: Recorded
    readonly gradients: Readonly<Record<string, Recorded>>
    readonly runningMean: Recorded
    readonly runningVariance: Recorded
  }[]
}

describe.each(BACKENDS)('batchNorm on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(recordedCases<BatchNormCase>('batch-norm'))(
    "gives PyTorch's outputs, gradients and running statistics $name",
    ({ args, parameters, steps }) => {
      const layer = batchNorm(...args)
      for (const buffer of [layer.runningMean, layer.runningVariance]) buffer.materialise({ seed: 0 })
      loadParameters(layer, parameters)
      for (const recorded of steps) {
        const updates = new BufferUpdates()
        const input = toTensor(recorded.input)
        const weights = [...layer.namedParameters()].map(([path, { value }]): [string, Tensor] => [path, value])
        const named: [string, Tensor][] = [['input', input], ...weights]
        const step = stepAt({ mode: recorded.train ? 'train' : 'validate' }, { updates })
        const [output, gradients] = differentiate(
          () => layer.forward(input, step),
          named.map(([, source]) => source),
          toTensor(recorded.outputGradient),
          recorded.train ? 2 : 0,
        )
        updates.commit()
        expectClose(output, recorded.output, 'output')
        named.forEach(([path], i) => {
          expectClose(gradients[i] as Tensor, recorded.gradients[path] as Recorded, `gradient of ${path}`)
        })
        expectClose(layer.runningMean.value, recorded.runningMean, 'running mean')
        expectClose(layer.runningVariance.value, recorded.runningVariance, 'running variance')
      }
    },
  )
})

describe('batchNorm', () => {
  beforeAll(() => useBackend('cpu'))

  const build = () => {
    const layer = batchNorm(2)
    const { parameters, buffers } = assignPaths(layer)
    for (const stored of [...parameters, ...buffers]) stored.materialise({ seed: 0 })
    return layer
  }
  const x = () =>
    tensor2d([
      [1, 2],
      [3, 8],
    ])

  test('leaves its running statistics alone when a window is aborted', () => {
    const layer = build()
    const input = x()
    const before = memory().numTensors
    const updates = new BufferUpdates()
    tidy(() => void layer.forward(input, stepAt({}, { updates })))
    expect([...updates.read(layer.runningMean).dataSync()]).not.toEqual([0, 0])
    updates.discard()
    expect([...layer.runningMean.value.dataSync()]).toEqual([0, 0])
    expect([...layer.runningVariance.value.dataSync()]).toEqual([1, 1])
    expect(memory().numTensors).toBe(before)
  })

  test('continues from micro-batch to micro-batch within a window', () => {
    const layer = build()
    const updates = new BufferUpdates()
    layer.forward(x(), stepAt({}, { updates }))
    layer.forward(x(), stepAt({}, { updates }))
    updates.commit()
    const mean = layer.runningMean.value.dataSync()
    expect(mean[0]).toBeCloseTo(0.2 * 0.9 + 0.2, 6)
    expect(mean[1]).toBeCloseTo(0.5 * 0.9 + 0.5, 6)
  })

  test('refuses a batch of one value per feature in training, and takes it in evaluation', () => {
    const layer = build()
    const one = tensor2d([[1, 2]])
    expect(() => layer.forward(one, stepAt())).toThrowError(/more than one value per feature/)
    try {
      layer.forward(one, stepAt())
    } catch (error) {
      expect(LevinError.isInstance(error, 'LEVIN_BATCH_SHAPE')).toBe(true)
    }
    expect(layer.forward(one, stepAt({ mode: 'validate' })).shape).toEqual([1, 2])
  })
})
