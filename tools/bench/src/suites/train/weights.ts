import type { Model } from './models.js'

/** A parameter every contender begins with. */
export interface WeightSpec {
  readonly name: string
  /** In levin's layout: dense weights `[in, out]`, filters `[height, width, in, out]`. */
  readonly shape: readonly number[]
  /** Uniform in ±bound. */
  readonly bound: number
  /** Added to every value: 1 for the scales of norms. Default 0. */
  readonly centre?: number
}

const dense = (name: string, inputs: number, outputs: number): WeightSpec[] => {
  const bound = 1 / Math.sqrt(inputs)
  return [
    { name: `${name}.weight`, shape: [inputs, outputs], bound },
    { name: `${name}.bias`, shape: [outputs], bound },
  ]
}

const filter = (name: string, inputs: number, outputs: number): WeightSpec[] => {
  const bound = 1 / Math.sqrt(9 * inputs)
  return [
    { name: `${name}.weight`, shape: [3, 3, inputs, outputs], bound },
    { name: `${name}.bias`, shape: [outputs], bound },
  ]
}

const norm = (name: string, width: number): WeightSpec[] => [
  { name: `${name}.weight`, shape: [width], bound: 0, centre: 1 },
  { name: `${name}.bias`, shape: [width], bound: 0 },
]

/** Pixels after two 3 × 3 convolutions without padding and a pooling of 2 × 2. */
export const pooledSize = (image: number): number => Math.floor((image - 4) / 2)

/** The parameters of a model, in the order of its layers. */
export function weightsOf(model: Model): readonly WeightSpec[] {
  switch (model.kind) {
    case 'mlp': {
      const { inputs, hidden, classes } = model
      return [...dense('dense1', inputs, hidden), ...dense('dense2', hidden, hidden), ...dense('head', hidden, classes)]
    }
    case 'cnn': {
      const { image, filters, hidden, classes } = model
      const features = pooledSize(image) ** 2 * filters[1]
      return [
        ...filter('conv1', 1, filters[0]),
        ...filter('conv2', filters[0], filters[1]),
        ...dense('dense', features, hidden),
        ...dense('head', hidden, classes),
      ]
    }
    case 'gpt':
      return gptWeights(model)
    case 'lstm':
      return lstmWeights(model)
  }
}

function gptWeights({ layers, width, context, vocabulary }: Model & { kind: 'gpt' }): WeightSpec[] {
  const block = (name: string): WeightSpec[] => [
    ...norm(`${name}.norm1`, width),
    ...dense(`${name}.query`, width, width),
    ...dense(`${name}.key`, width, width),
    ...dense(`${name}.value`, width, width),
    ...dense(`${name}.output`, width, width),
    ...norm(`${name}.norm2`, width),
    ...dense(`${name}.widen`, width, 4 * width),
    ...dense(`${name}.narrow`, 4 * width, width),
  ]
  return [
    { name: 'tokens', shape: [vocabulary, width], bound: 0.05 },
    { name: 'positions', shape: [context, width], bound: 0.05 },
    ...Array.from({ length: layers }, (_, layer) => block(`block${layer}`)).flat(),
    ...norm('norm', width),
    ...dense('head', width, vocabulary),
  ]
}

/** Gates in PyTorch's order: input, forget, cell, output. Two biases per layer, as there. */
function lstmWeights({ layers, inputs, hidden, classes }: Model & { kind: 'lstm' }): WeightSpec[] {
  const bound = 1 / Math.sqrt(hidden)
  const layer = (name: string, size: number): WeightSpec[] => [
    { name: `${name}.inputWeight`, shape: [size, 4 * hidden], bound },
    { name: `${name}.hiddenWeight`, shape: [hidden, 4 * hidden], bound },
    { name: `${name}.inputBias`, shape: [4 * hidden], bound },
    { name: `${name}.hiddenBias`, shape: [4 * hidden], bound },
  ]
  const stack = Array.from({ length: layers }, (_, index) => layer(`lstm${index}`, index === 0 ? inputs : hidden))
  return [...stack.flat(), ...dense('head', hidden, classes)]
}
