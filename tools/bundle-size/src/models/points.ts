import { DataModule, type EvaluationStep, Module, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { crossEntropy, linear, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly label: Tensor1D
}

/** A multilayer perceptron that trains and validates. */
export class Classifier extends Module<Points> {
  readonly net = sequential(linear(2, 64), relu(), linear(64, 2))

  trainingStep({ x, label }: Points, step: TrainingStep): Scalar {
    return crossEntropy(this.net.forward(x, step), label)
  }

  validationStep({ x, label }: Points, step: EvaluationStep): void {
    step.log('val/loss', crossEntropy(this.net.forward(x, step), label))
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 1e-3 })
  }
}

const points = () => {
  const x = [
    [0, 1],
    [1, 0],
  ]
  return fromArrays({ x, label: Int32Array.of(0, 1) })
}

export class PointsData extends DataModule<Points> {
  trainDataLoader() {
    return new DataLoader(points(), { batchSize: 2, shuffle: true })
  }

  valDataLoader() {
    return new DataLoader(points(), { batchSize: 2 })
  }
}
