import { DataModule, type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { conv2d, crossEntropy, dropout, flatten, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'

interface Images extends Record<string, unknown> {
  readonly image: Tensor4D
  readonly label: Tensor1D
}

/** A convolutional network with dropout that trains and validates. */
export class ImageClassifier extends Module<Images> {
  readonly net = sequential(conv2d(1, 8, 3), relu(), maxPool2d(2), flatten(), dropout(0.4), linear(8 * 3 * 3, 2))

  trainingStep({ image, label }: Images, step: TrainingStep): Scalar {
    return crossEntropy(this.net.forward(image, step), label)
  }

  validationStep({ image, label }: Images, step: EvaluationStep): void {
    step.log('val/loss', crossEntropy(this.net.forward(image, step), label))
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 1e-3 })
  }
}

const images = () =>
  fromArrays({
    image: { data: new Float32Array(2 * 8 * 8).fill(1), shape: [2, 8, 8, 1] as const },
    label: Int32Array.of(0, 1),
  })

export class ImagesData extends DataModule<Images> {
  trainDataLoader() {
    return new DataLoader(images(), { batchSize: 2, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(images(), { batchSize: 2 })
  }
}
