import type { Layer, Optimizer, Parameter, TrainingStep } from '@levin/core'
import { type Conv2d, conv2d, crossEntropy, flatten, type Linear, linear, maxPool2d, relu, sequential } from '@levin/nn'
import { adam, adamW } from '@levin/optim'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Model } from '../suites/train/models.js'
import { pooledSize } from '../suites/train/weights.js'
import { type DeviceBatch, MeasuredModule } from './bare-loop.js'
import type { Material } from './material.js'
import type { LossCheck } from './protocol.js'

type Named = readonly [name: string, parameter: Parameter]

/** A classifier of samples or of tokens, and which of the common weights each parameter is. */
export abstract class LevinModel extends MeasuredModule {
  readonly #material: Material
  readonly #check: LossCheck

  constructor(material: Material, check: LossCheck) {
    super()
    this.#material = material
    this.#check = check
  }

  abstract readonly net: Layer<Tensor, Tensor>
  abstract weights(): readonly Named[]

  trainingStep({ inputs, labels }: DeviceBatch, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.net.forward(inputs, step), labels)
    this.#check.see(() => loss.dataSync()[0] as number)
    return loss
  }

  configureOptimizers(): Optimizer {
    const { training, learningRate, weightDecay } = this.#material
    if (training.optimizer === 'adam') return adam(this.parameters(), { learningRate })
    return adamW(this.parameters(), { learningRate, weightDecay })
  }
}

const named = (name: string, { weight, bias }: Linear | Conv2d): Named[] => [
  [`${name}.weight`, weight as Parameter],
  [`${name}.bias`, bias as Parameter],
]

class Mlp extends LevinModel {
  readonly #layers: readonly [Linear, Linear, Linear]
  readonly net: Layer<Tensor, Tensor>

  constructor({ inputs, hidden, classes }: Model & { kind: 'mlp' }, material: Material, check: LossCheck) {
    super(material, check)
    const [first, second, head] = [linear(inputs, hidden), linear(hidden, hidden), linear(hidden, classes)]
    this.#layers = [first, second, head]
    this.net = sequential(first, relu(), second, relu(), head)
  }

  weights(): readonly Named[] {
    const [first, second, head] = this.#layers
    return [...named('dense1', first), ...named('dense2', second), ...named('head', head)]
  }
}

class Cnn extends LevinModel {
  readonly #layers: readonly [Conv2d, Conv2d, Linear, Linear]
  readonly net: Layer<Tensor, Tensor>

  constructor({ image, filters, hidden, classes }: Model & { kind: 'cnn' }, material: Material, check: LossCheck) {
    super(material, check)
    const conv1 = conv2d(1, filters[0], 3)
    const conv2 = conv2d(filters[0], filters[1], 3)
    const dense = linear(pooledSize(image) ** 2 * filters[1], hidden)
    const head = linear(hidden, classes)
    this.#layers = [conv1, conv2, dense, head]
    const convolutions = sequential(conv1, relu(), conv2, relu(), maxPool2d(2))
    this.net = sequential(convolutions, flatten(), dense, relu(), head) as Layer<Tensor, Tensor>
  }

  weights(): readonly Named[] {
    const [conv1, conv2, dense, head] = this.#layers
    return [...named('conv1', conv1), ...named('conv2', conv2), ...named('dense', dense), ...named('head', head)]
  }
}

export function levinModel(material: Material, check: LossCheck): LevinModel {
  const { model } = material.training
  switch (model.kind) {
    case 'mlp':
      return new Mlp(model, material, check)
    case 'cnn':
      return new Cnn(model, material, check)
    default:
      throw new Error(`@levin/nn cannot build '${model.kind}' yet.`)
  }
}
