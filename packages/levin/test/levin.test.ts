import { type Tensor2D, tensor2d } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import {
  data,
  type EvaluationStep,
  Module,
  memoryLogger,
  metrics,
  nn,
  optim,
  Trainer,
  type TrainingStep,
} from '../src/index.js'
import * as losses from '../src/nn.js'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly y: Tensor2D
}

class Line extends Module<Points> {
  readonly net = nn.linear(1, 1)
  trainingStep({ x, y }: Points, step: TrainingStep) {
    return nn.mse(this.net.forward(x, step), y)
  }
  validationStep({ x, y }: Points, step: EvaluationStep) {
    step.log('val/r2', metrics.r2(this.net.forward(x, step), y))
  }
  configureOptimizers() {
    return optim.adam(this.parameters(), { learningRate: 0.1 })
  }
}

test('with the batteries in, names work and a line is found', async () => {
  const points = data.fromArrays({
    x: { data: Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1), shape: [64, 1] },
    y: { data: Float32Array.from({ length: 64 }, (_, i) => 3 * (i / 32 - 1) + 0.5), shape: [64, 1] },
  })
  const logger = memoryLogger()
  const trainer = new Trainer({
    accelerator: 'cpu',
    strategy: 'single',
    loggers: [logger, 'memory'],
    maxEpochs: 40,
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    callbacks: [['earlyStopping', { monitor: 'val/r2', mode: 'max', stoppingThreshold: 0.995 }]],
  })
  const module = new Line()
  const loader = (shuffle: boolean) => new data.DataLoader(points, { batchSize: 16, shuffle })
  const result = await trainer.fit(module, { train: loader(true), validate: loader(false) })
  expect(result.metrics['val/r2']).toBeGreaterThan(0.99)
  expect(result).toMatchObject({ status: 'stopped', reason: 'earlyStopping' })
  const input = tensor2d([[2]])
  const output = module.predict(input)
  expect(output.dataSync()[0]).toBeCloseTo(6.5, 0)
  for (const tensor of [input, output]) tensor.dispose()
  module.dispose()
})

test('each package is also a subpath', () => {
  expect(losses.crossEntropy).toBe(nn.crossEntropy)
})
