import { type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { accuracy } from '@levin/metrics'
import { conv2d, crossEntropy, dropout, flatten, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW, cosine } from '@levin/optim'
import type { Scalar } from '@tensorflow/tfjs-core'
import type { DigitBatch } from './mnist-data.js'

export interface DigitHparams {
  readonly learningRate?: number
  readonly totalSteps?: number
  /** Of both convolutions. Default [24, 48]. */
  readonly filters?: readonly [number, number]
  /** Between the linear layers. Default 64. */
  readonly hidden?: number
}

/** Two convolutions and two linear layers: 98 % of the test digits after a few epochs. */
export class DigitClassifier extends Module<DigitBatch> {
  readonly hparams: Required<DigitHparams>
  readonly exampleInput = [1, 28, 28, 1]
  readonly net

  constructor({ learningRate = 2e-3, totalSteps = 625, filters = [24, 48], hidden = 64 }: DigitHparams = {}) {
    super()
    this.hparams = { learningRate, totalSteps, filters, hidden }
    const [first, second] = filters
    this.net = sequential(
      conv2d(1, first, 3),
      relu(),
      maxPool2d(2),
      conv2d(first, second, 3),
      relu(),
      maxPool2d(2),
      flatten(),
      dropout(0.4),
      linear(second * 5 * 5, hidden),
      relu(),
      linear(hidden, 10),
    )
  }

  trainingStep({ images, labels }: DigitBatch, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.net.forward(images, step), labels)
    step.log('train/loss', loss, { progressBar: true })
    return loss
  }

  validationStep({ images, labels }: DigitBatch, step: EvaluationStep): void {
    const logits = this.net.forward(images, step)
    step.log('val/loss', crossEntropy(logits, labels))
    step.log('val/accuracy', accuracy(logits, labels), { progressBar: true })
  }

  testStep({ images, labels }: DigitBatch, step: EvaluationStep): void {
    step.log('test/accuracy', accuracy(this.net.forward(images, step), labels))
  }

  configureOptimizers() {
    const { learningRate, totalSteps } = this.hparams
    const optimizer = adamW(this.parameters(), { learningRate })
    return { optimizer, schedule: cosine({ steps: totalSteps }), interval: 'step' as const }
  }
}
