import type { Layer, StepContext } from '@levin/core'
import type { Scalar, Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { describe, expectTypeOf, test } from 'vitest'
import {
  batchNorm,
  binaryCrossEntropy,
  conv1d,
  conv2d,
  crossEntropy,
  dropout,
  embedding,
  flatten,
  fromLayersModel,
  globalAvgPool2d,
  gru,
  type LayersModelLike,
  type LstmOutput,
  lambda,
  linear,
  lstm,
  maxPool2d,
  mse,
  multiHeadAttention,
  positionalEmbedding,
  relu,
  sequential,
  transformerBlock,
} from '../src/index.js'

declare const step: StepContext
declare const images: Tensor4D
declare const vectors: Tensor2D
declare const ofSequences: Layer<Tensor3D, Tensor3D>

describe('sequential', () => {
  test('takes what its first layer with an opinion takes, and gives what its last one gives', () => {
    const net = sequential(batchNorm(1), conv2d(1, 16, 3), relu(), maxPool2d(2), flatten(), linear(2704, 10))
    expectTypeOf(net.forward).parameter(0).toEqualTypeOf<Tensor4D>()
    expectTypeOf(net.forward(images, step)).toEqualTypeOf<Tensor2D>()
  })

  test('carries the rank through layers that keep it', () => {
    const features = sequential(conv2d(1, 4, 3), relu(), dropout(0.1), batchNorm(4))
    expectTypeOf(features.forward(images, step)).toEqualTypeOf<Tensor4D>()
    expectTypeOf(linear(3, 4).forward(vectors, step)).toEqualTypeOf<Tensor2D>()
  })

  test('takes tensors of any rank where no layer has an opinion', () => {
    const mlp = sequential(linear(3, 4), relu(), linear(4, 1))
    expectTypeOf(mlp.forward).parameter(0).toEqualTypeOf<Tensor>()
    expectTypeOf(mlp.forward(vectors, step)).toEqualTypeOf<Tensor>()
  })

  test('nests', () => {
    const block = sequential(conv2d(4, 4, 3, { padding: 'same' }), relu())
    const net = sequential(conv2d(1, 4, 3), block, sequential(relu(), relu()), globalAvgPool2d(), linear(4, 2))
    expectTypeOf(net.forward(images, step)).toEqualTypeOf<Tensor2D>()
  })

  test('knows its members', () => {
    const net = sequential(linear(3, 4), relu())
    expectTypeOf(net.layers[0].weight.path).toEqualTypeOf<string>()
    // @ts-expect-error: there is no third layer
    net.layers[2]
  })

  test('refuses a layer that cannot take what comes before it', () => {
    // @ts-expect-error: vectors are no images
    sequential(conv2d(1, 4, 3), flatten(), maxPool2d(2))
    // @ts-expect-error: images are no sequences
    sequential(conv2d(1, 4, 3), relu(), conv1d(4, 4, 3))
    // @ts-expect-error: the second layer takes sequences
    sequential(globalAvgPool2d(), ofSequences)
    // @ts-expect-error: a function is no layer
    sequential(linear(2, 2), (x: Tensor) => x)
  })

  test('takes as many layers as an array holds', () => {
    const net = sequential(...[1, 2, 3].map(() => linear(2, 2)))
    expectTypeOf(net.forward(vectors, step)).toEqualTypeOf<Tensor>()
    const images4 = sequential(...[1, 2, 3].map(() => conv2d(2, 2, 3)))
    expectTypeOf(images4.forward(images, step)).toEqualTypeOf<Tensor4D>()
    // @ts-expect-error: vectors are no images
    images4.forward(vectors, step)
  })

  test('runs functions as layers', () => {
    const net = sequential(
      conv2d(1, 1, 3),
      lambda((x: Tensor4D): Tensor2D => tf.reshape(x, [1, x.size])),
    )
    expectTypeOf(net.forward(images, step)).toEqualTypeOf<Tensor2D>()
  })

  test('lets a tensor of unknown rank pass: the layer checks it', () => {
    const net = sequential(embedding(100, 8), conv1d(8, 4, 3))
    expectTypeOf(net.forward(vectors, step)).toEqualTypeOf<Tensor3D>()
  })
})

describe('layers of sequences', () => {
  test('follow each other, and give what they are asked for', () => {
    const net = sequential(
      embedding(100, 8),
      positionalEmbedding(16, 8),
      transformerBlock(8, 2),
      lstm(8, 4),
      linear(4, 2),
    )
    expectTypeOf(net.forward(vectors, step)).toEqualTypeOf<Tensor3D>()
    const sequence = {} as Tensor3D
    expectTypeOf(multiHeadAttention(8, 2).forward({ query: sequence }, step)).toEqualTypeOf<Tensor3D>()
    expectTypeOf(lstm(8, 4).forward({ input: sequence }, step)).toEqualTypeOf<LstmOutput>()
    expectTypeOf(gru(8, 4).forward(sequence, step)).toEqualTypeOf<Tensor3D>()
    // @ts-expect-error: images are no sequences
    sequential(conv2d(1, 4, 3), transformerBlock(4, 2))
    // @ts-expect-error: states of a GRU have no cell
    gru(8, 4).forward({ input: sequence, cell: [] }, step)
  })
})

describe('fromLayersModel', () => {
  test('takes a tf.LayersModel', () => {
    expectTypeOf<LayersModel>().toExtend<LayersModelLike>()
    const model = {} as LayersModel
    expectTypeOf(fromLayersModel(model).forward(images, step)).toEqualTypeOf<Tensor>()
    expectTypeOf(fromLayersModel<Tensor[], Tensor[]>(model).forward([images], step)).toEqualTypeOf<Tensor[]>()
    expectTypeOf(sequential(fromLayersModel(model), linear(3, 2)).forward(images, step)).toEqualTypeOf<Tensor>()
  })
})

describe('losses', () => {
  test('are scalars unless they are not reduced', () => {
    expectTypeOf(crossEntropy(vectors, vectors)).toEqualTypeOf<Scalar>()
    expectTypeOf(mse(vectors, vectors, { reduction: 'sum' })).toEqualTypeOf<Scalar>()
    expectTypeOf(binaryCrossEntropy(vectors, vectors, { reduction: 'none' })).toEqualTypeOf<Tensor>()
  })
})

describe('options', () => {
  test('are checked by name and type', () => {
    // @ts-expect-error: no such option
    linear(2, 2, { biases: true })
    // @ts-expect-error: three numbers
    conv2d(1, 1, [1, 2, 3])
    // @ts-expect-error: 'full' is no padding
    conv2d(1, 1, 3, { padding: 'full' })
  })
})
