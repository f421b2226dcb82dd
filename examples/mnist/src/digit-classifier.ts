import { type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { accuracy } from '@levin/metrics'
import { conv2d, crossEntropy, dropout, flatten, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW, cosine } from '@levin/optim'
import type { Scalar } from '@tensorflow/tfjs-core'
import type { DigitBatch } from './mnist-data.js'

/** Two convolutions and two linear layers: 98 % of the test digits after a few epochs. */
export class DigitClassifier extends Module<DigitBatch> {
  readonly hparams: { readonly learningRate: number; readonly totalSteps: number }
  readonly exampleInput = [1, 28, 28, 1]
  readonly net = sequential(
    conv2d(1, 24, 3),
    relu(),
    maxPool2d(2),
    conv2d(24, 48, 3),
    relu(),
    maxPool2d(2),
    flatten(),
    dropout(0.4),
    linear(48 * 5 * 5, 64),
    relu(),
    linear(64, 10),
  )

  constructor({ learningRate = 2e-3, totalSteps = 625 }: { learningRate?: number; totalSteps?: number } = {}) {
    super()
    this.hparams = { learningRate, totalSteps }
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
