import { hostTensor, type Layer, type Module, type Optimizer, Parameter, type TrainingStep, zeros } from '@levin/core'
import { crossEntropy, linear, relu, sequential } from '@levin/nn'
import { adamW } from '@levin/optim'
import { neg, type Scalar, type Tensor } from '@tensorflow/tfjs-core'
import { type DeviceBatch, type HostBatch, MeasuredModule } from '../../peers/bare-loop.js'

/** An optimizer that does nothing: what remains of a step is the loop around it. */
const idle = (module: Module): Optimizer => ({
  name: 'idle',
  groups: [{ parameters: module.parameters(), baseLearningRate: 0, learningRate: 0 }],
  sharding: 'element',
  step() {},
  squaredNorm() {
    throw new Error('The benchmark does not clip.')
  },
  state: () => ({ name: 'idle' }),
  slots: () => [],
  load() {},
  dispose() {},
})

/** One parameter, one kernel forward, one backward. */
export class NoOp extends MeasuredModule {
  readonly weight = new Parameter([], zeros())

  trainingStep(): Scalar {
    return neg(this.weight.value) as Scalar
  }

  configureOptimizers(): Optimizer {
    return idle(this)
  }
}

/** Layers that give the scores of classes, and AdamW. */
export class Classifier extends MeasuredModule {
  readonly net: Layer<Tensor, Tensor>

  constructor(net: Layer<Tensor, Tensor>) {
    super()
    this.net = net
  }

  trainingStep({ inputs, labels }: DeviceBatch, step: TrainingStep): Scalar {
    return crossEntropy(this.net.forward(inputs, step), labels)
  }

  configureOptimizers(): Optimizer {
    return adamW(this.parameters(), { learningRate: 1e-3 })
  }
}

/** 64-64-10: small, since a difference of microseconds is looked for. */
export const smallMlp = (): Classifier => new Classifier(sequential(linear(64, 64), relu(), linear(64, 10)))

/** The same batch for everybody: what it holds does not change how long a step takes. */
export const batchOf = (samples: number): HostBatch => {
  const inputs = Float32Array.from({ length: samples * 64 }, (_, index) => Math.sin(index))
  const labels = Int32Array.from({ length: samples }, (_, index) => index % 10)
  return { inputs: hostTensor(inputs, [samples, 64]), labels: hostTensor(labels, [samples]) }
}
