import { DataModule, Module, type TrainingStep } from '@levin/core'
import { DataLoader, fromArrays } from '@levin/data'
import { crossEntropy, linear, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'

interface Points extends Record<string, unknown> {
  readonly x: Tensor2D
  readonly label: Tensor1D
}

export class Classifier extends Module<Points> {
  readonly net = sequential(linear(2, 64), relu(), linear(64, 2))

  trainingStep({ x, label }: Points, step: TrainingStep): Scalar {
    return crossEntropy(this.net.forward(x, step), label)
  }

  configureOptimizers() {
    return adamW(this.parameters(), { learningRate: 1e-3 })
  }
}

export class PointsData extends DataModule<Points> {
  trainDataLoader() {
    const x = [
      [0, 1],
      [1, 0],
    ]
    return new DataLoader(fromArrays({ x, label: Int32Array.of(0, 1) }), { batchSize: 2, shuffle: true })
  }
}
