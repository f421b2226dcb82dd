import {
  type EvaluationStep,
  type HostTensor,
  hostTensor,
  Layer,
  Module,
  Parameter,
  type StepContext,
  type TrainingStep,
  uniform,
  zeros,
} from '@levin/core'
import { add, matMul, mean, type Rank, type Scalar, square, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core'
import { PlainSgd } from './plain-sgd.js'

/** A batch of {@link BoringModule}: `x` is `[batch, features]`. */
export interface BoringBatch extends Record<string, unknown> {
  readonly x: Tensor2D
}

class BoringLinear extends Layer<Tensor, Tensor> {
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(inputs: number, outputs: number) {
    super()
    const bound = 1 / Math.sqrt(inputs)
    this.weight = new Parameter([inputs, outputs], uniform(-bound, bound))
    this.bias = new Parameter([outputs], zeros())
  }

  compute(input: Tensor, _step: StepContext): Tensor {
    return add(matMul(input as Tensor2D, this.weight.value as Tensor2D), this.bias.value)
  }
}

/**
 * The module for tests: one linear layer, a loss that falls, every step implemented, nothing else. As Lightning's
 * `BoringModel`.
 */
export class BoringModule extends Module<BoringBatch> {
  readonly layer: Layer<Tensor, Tensor>
  readonly learningRate: number

  constructor({
    features = 8,
    outputs = 2,
    learningRate = 0.1,
  }: { features?: number; outputs?: number; learningRate?: number } = {}) {
    super()
    this.layer = new BoringLinear(features, outputs)
    this.learningRate = learningRate
  }

  /** Mean square of the output. */
  loss({ x }: BoringBatch, step: StepContext): Scalar {
    return mean(square(this.layer.forward(x, step)))
  }

  trainingStep(batch: BoringBatch, step: TrainingStep): Scalar {
    const loss = this.loss(batch, step)
    step.log('train/loss', loss, { progressBar: true })
    return loss
  }

  validationStep(batch: BoringBatch, step: EvaluationStep): void {
    step.log('val/loss', this.loss(batch, step))
  }

  testStep(batch: BoringBatch, step: EvaluationStep): void {
    step.log('test/loss', this.loss(batch, step))
  }

  predictStep({ x }: BoringBatch, step: StepContext): Tensor {
    return this.layer.forward(x, step)
  }

  configureOptimizers() {
    return new PlainSgd(this.parameters(), this.learningRate)
  }
}

/** Batches for {@link BoringModule}: fixed numbers that differ by sample, the same in every call. */
export function boringBatches({
  batches = 4,
  batchSize = 4,
  features = 8,
}: {
  batches?: number
  batchSize?: number
  features?: number
} = {}): { x: HostTensor<Rank.R2> }[] {
  return Array.from({ length: batches }, (_, batch) => {
    const values = Float32Array.from({ length: batchSize * features }, (_value, i) =>
      Math.sin(1 + i + batch * batchSize * features),
    )
    return { x: hostTensor<Rank.R2>(values, [batchSize, features]) }
  })
}
