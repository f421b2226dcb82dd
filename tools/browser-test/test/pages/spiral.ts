// Two spirals and a network that tells them apart: small, and not solved by chance.
import { DataModule, type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { accuracy } from '@levin/metrics'
import { crossEntropy, linear, sequential, tanh } from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly label: Tensor1D
}

export class SpiralModule extends Module<Points> {
  readonly net = sequential(linear(2, 64), tanh(), linear(64, 64), tanh(), linear(64, 2))

  trainingStep({ x, label }: Points, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.net.forward(x, step), label)
    step.log('train/loss', loss)
    return loss
  }

  validationStep({ x, label }: Points, step: EvaluationStep): void {
    const logits = this.net.forward(x, step)
    step.log('val/loss', crossEntropy(logits, label))
    step.log('val/accuracy', accuracy(logits, label))
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 0.01 })
  }
}

const POINTS = 512

function spirals() {
  const x = new Float32Array(2 * POINTS)
  const label = new Int32Array(POINTS)
  for (let i = 0; i < POINTS; i++) {
    const way = 0.2 + i / POINTS
    const angle = 2 * Math.PI * way + Math.PI * (i % 2)
    x[2 * i] = way * Math.cos(angle)
    x[2 * i + 1] = way * Math.sin(angle)
    label[i] = i % 2
  }
  return fromArrays({ x: { data: x, shape: [POINTS, 2] }, label })
}

export class SpiralData extends DataModule<Points> {
  readonly #points = spirals()

  constructor(readonly batchSize = 32) {
    super()
  }

  trainDataLoader() {
    return new DataLoader(this.#points, { batchSize: this.batchSize, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(this.#points, { batchSize: 128 })
  }
}
