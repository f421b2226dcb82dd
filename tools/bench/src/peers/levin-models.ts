import type { Layer, Optimizer, Parameter, TrainingStep } from '@levin/core'
import {
  type Conv2d,
  conv2d,
  crossEntropy,
  type Embedding,
  embedding,
  flatten,
  type LayerNorm,
  type Linear,
  type Lstm,
  layerNorm,
  linear,
  lstm,
  maxPool2d,
  type PositionalEmbedding,
  positionalEmbedding,
  relu,
  sequential,
  type TransformerBlock,
  transformerBlock,
} from '@levin/nn'
import { adam, adamW } from '@levin/optim'
import { type Scalar, type Tensor, type Tensor3D, tensor } from '@tensorflow/tfjs-core'
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

  /** `[batch, …]` to `[…, classes]`. */
  abstract logits(inputs: Tensor, step: TrainingStep): Tensor
  abstract weights(): readonly Named[]

  trainingStep({ inputs, labels }: DeviceBatch, step: TrainingStep): Scalar {
    const loss = crossEntropy(this.logits(inputs, step), labels)
    this.#check.see(() => loss.dataSync()[0] as number)
    return loss
  }

  configureOptimizers(): Optimizer {
    const { training, learningRate, weightDecay } = this.#material
    if (training.optimizer === 'adam') return adam(this.parameters(), { learningRate })
    return adamW(this.parameters(), { learningRate, weightDecay })
  }
}

const named = (name: string, { weight, bias }: Linear | Conv2d | LayerNorm): Named[] => [
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

  logits(inputs: Tensor, step: TrainingStep): Tensor {
    return this.net.forward(inputs, step)
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

  logits(inputs: Tensor, step: TrainingStep): Tensor {
    return this.net.forward(inputs, step)
  }

  weights(): readonly Named[] {
    const [conv1, conv2, dense, head] = this.#layers
    return [...named('conv1', conv1), ...named('conv2', conv2), ...named('dense', dense), ...named('head', head)]
  }
}

class Gpt extends LevinModel {
  readonly tokens: Embedding
  readonly positions: PositionalEmbedding
  readonly blocks: readonly TransformerBlock[]
  readonly norm: LayerNorm
  readonly head: Linear

  constructor(model: Model & { kind: 'gpt' }, material: Material, check: LossCheck) {
    super(material, check)
    const { layers, width, heads, context, vocabulary } = model
    this.tokens = embedding(vocabulary, width)
    this.positions = positionalEmbedding(context, width)
    this.blocks = Array.from({ length: layers }, () => transformerBlock(width, heads, { causal: true }))
    this.norm = layerNorm(width)
    this.head = linear(width, vocabulary)
  }

  logits(ids: Tensor, step: TrainingStep): Tensor {
    let x = this.positions.forward(this.tokens.forward(ids, step) as Tensor3D, step)
    for (const block of this.blocks) x = block.forward(x, step)
    return this.head.forward(this.norm.forward(x, step), step)
  }

  weights(): readonly Named[] {
    const blocks = this.blocks.flatMap(({ norm1, attention, norm2, linear1, linear2 }, layer) => {
      const { query, key, value, out } = attention
      const parts = { norm1, query, key, value, output: out, norm2, widen: linear1, narrow: linear2 }
      return Object.entries(parts).flatMap(([part, each]) => named(`block${layer}.${part}`, each))
    })
    const tables: Named[] = [
      ['tokens', this.tokens.weight as Parameter],
      ['positions', this.positions.weight as Parameter],
    ]
    return [...tables, ...blocks, ...named('norm', this.norm), ...named('head', this.head)]
  }
}

class LastState extends LevinModel {
  readonly lstm: Lstm
  readonly head: Linear

  constructor({ layers, inputs, hidden, classes }: Model & { kind: 'lstm' }, material: Material, check: LossCheck) {
    super(material, check)
    this.lstm = lstm(inputs, hidden, { layers })
    this.head = linear(hidden, classes)
  }

  logits(inputs: Tensor, step: TrainingStep): Tensor {
    const { hidden } = this.lstm.forward({ input: inputs as Tensor3D }, step)
    return this.head.forward(hidden.at(-1) as Tensor, step)
  }

  weights(): readonly Named[] {
    const layers = this.lstm.layers.flatMap((layer, index): Named[] => [
      [`lstm${index}.inputWeight`, layer.inputWeight as Parameter],
      [`lstm${index}.hiddenWeight`, layer.recurrentWeight as Parameter],
      [`lstm${index}.inputBias`, layer.inputBias as Parameter],
      [`lstm${index}.hiddenBias`, layer.recurrentBias as Parameter],
    ])
    return [...layers, ...named('head', this.head)]
  }
}

export function levinModel(material: Material, check: LossCheck): LevinModel {
  const { model } = material.training
  switch (model.kind) {
    case 'mlp':
      return new Mlp(model, material, check)
    case 'cnn':
      return new Cnn(model, material, check)
    case 'gpt':
      return new Gpt(model, material, check)
    case 'lstm':
      return new LastState(model, material, check)
  }
}

/** Gives the module the weights that everybody begins with. */
export function begin(module: LevinModel, { weights }: Material): void {
  module.build()
  const parameters = new Map(module.weights())
  for (const [name, { data, shape }] of weights) {
    const parameter = parameters.get(name)
    if (!parameter) throw new Error(`levin's ${module.constructor.name} has no parameter for '${name}'.`)
    parameter.assign(tensor(data, [...shape]))
    parameters.delete(name)
  }
  if (parameters.size > 0) throw new Error(`No weights for ${[...parameters.keys()].join(', ')}.`)
}
