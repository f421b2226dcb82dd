import { type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { accuracy, confusionMatrix } from '@levin/metrics'
import { conv2d, crossEntropy, flatten, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'

/** Images are `[batch, 28, 28, 1]`, from 0 to 1; labels are `[batch]`, int32. */
export interface DigitBatch extends Record<string, unknown> {
  readonly images: Tensor4D
  readonly labels: Tensor1D
}

export interface DigitHparams {
  /** Pictures that the first convolution looks for. Default 8. */
  readonly filters?: number
  readonly learningRate?: number
}

/** Two convolutions and a linear layer: small enough for a phone, and for a GPU that is a program. */
export class DigitNet extends Module<DigitBatch> {
  readonly hparams: Required<DigitHparams>
  readonly net

  constructor({ filters = 8, learningRate = 3e-3 }: DigitHparams = {}) {
    super()
    this.hparams = { filters, learningRate }
    this.net = sequential(
      conv2d(1, filters, 5),
      relu(),
      maxPool2d(2),
      conv2d(filters, 2 * filters, 3),
      relu(),
      maxPool2d(2),
      flatten(),
      linear(2 * filters * 5 * 5, 10),
    )
  }

  trainingStep({ images, labels }: DigitBatch, step: TrainingStep): Scalar {
    const logits = this.net.forward(images, step)
    const loss = crossEntropy(logits, labels)
    step.log('train/loss', loss, { onStep: true })
    step.log('train/accuracy', accuracy(logits, labels), { onStep: true })
    return loss
  }

  validationStep({ images, labels }: DigitBatch, step: EvaluationStep): void {
    const logits = this.net.forward(images, step)
    step.log('val/loss', crossEntropy(logits, labels))
    step.log('val/accuracy', accuracy(logits, labels))
    step.log('val/confusion', confusionMatrix(logits, labels))
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: this.hparams.learningRate })
  }
}
