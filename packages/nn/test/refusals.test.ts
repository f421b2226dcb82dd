import { assignPaths, type Layer, LevinError } from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { ones, scalar, setBackend, type Tensor, tensor1d, zeros } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as nn from '../src/index.js'
import { stepAt } from './support/parity.js'

beforeAll(() => setBackend('cpu'))

function refusal(f: () => unknown): LevinError {
  try {
    f()
  } catch (error) {
    if (LevinError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const images = (...shape: number[]): Tensor => ones(shape)

const badInputs: readonly (readonly [string, Layer<never, unknown>, unknown, RegExp])[] = [
  [
    'linear',
    nn.linear(784, 10),
    images(64, 10),
    /Linear\(784 → 10\).*\[\.\.\., 784\].*\[64, 10\].*for 10 instead of 784/,
  ],
  ['linear without an axis', nn.linear(1, 2), scalar(1), /float32 tensor of shape \[\.\.\., 1\]/],
  ['linear of integers', nn.linear(3, 2), ones([2, 3], 'int32'), /int32 tensor.*tf\.cast\(x, 'float32'\)/],
  ['linear of something else', nn.linear(3, 2), undefined, /found undefined.*names of what the batch holds/],
  ['linear of an array', nn.linear(3, 2), Float32Array.of(1), /found a Float32Array.*hostTensor\(data, shape\)/],
  ['linear of a batch', nn.linear(3, 2), { x: [1] }, /found an object with x.*Take the tensor out of the batch/],
  [
    'conv2d of images without channels',
    nn.conv2d(1, 2, 3),
    images(8, 28, 28),
    /\[batch, height, width, 1\].*tf\.expandDims/,
  ],
  ['conv2d of other channels', nn.conv2d(3, 2, 3), images(8, 28, 28, 1), /Conv2d\(3 → 2, 3×3\).*for 1 instead of 3/],
  ['conv2d of small images', nn.conv2d(1, 2, 5, { dilation: 2 }), images(1, 8, 9, 1), /at least 9×9 after padding/],
  ['conv1d', nn.conv1d(4, 2, 3), images(8, 28, 3), /\[batch, width, 4\]/],
  ['conv1d of short sequences', nn.conv1d(1, 1, 3, { dilation: 2 }), images(2, 4, 1), /a sequence of at least 5 after/],
  ['depthwiseConv2d', nn.depthwiseConv2d(4, 3), images(8, 5, 5, 3), /\[batch, height, width, 4\]/],
  ['maxPool2d', nn.maxPool2d(2), images(8, 5), /MaxPool2d\(2×2\).*\[batch, height, width, channels\]/],
  ['maxPool2d of small images', nn.maxPool2d(4), images(1, 3, 5, 1), /at least 4×4 after padding/],
  ['avgPool1d', nn.avgPool1d(2), images(8, 5), /\[batch, width, channels\]/],
  ['globalAvgPool2d', nn.globalAvgPool2d(), images(8, 5, 5), /\[batch, height, width, channels\]/],
  ['batchNorm', nn.batchNorm(4), images(8, 3), /\[batch, 4\]/],
  ['batchNorm of images', nn.batchNorm(4), images(8, 2, 2, 3), /\[\.\.\., 4\]/],
  ['layerNorm', nn.layerNorm([2, 3]), images(8, 3, 2), /\[\.\.\., 2, 3\]/],
  ['embedding of numbers', nn.embedding(5, 2), images(2, 2), /int32 tensor.*tf\.cast\(x, 'int32'\)/],
  [
    'multiHeadAttention',
    nn.multiHeadAttention(6, 2),
    images(2, 5, 4),
    /MultiHeadAttention\(6, 2 heads\).*\[batch, queries, 6\]/,
  ],
  [
    'multiHeadAttention to another batch',
    nn.multiHeadAttention(6, 2),
    { query: images(2, 5, 6), key: images(3, 5, 6) },
    /\[2, keys, 6\]/,
  ],
  [
    'multiHeadAttention with padding of numbers',
    nn.multiHeadAttention(6, 2),
    { query: images(2, 5, 6), keyPadding: images(2, 5) },
    /bool tensor of shape \[2, 5\]/,
  ],
  [
    'multiHeadAttention with a mask of other keys',
    nn.multiHeadAttention(6, 2),
    { query: images(2, 5, 6), mask: images(5, 4) },
    /mask of shape \[5, 5\] or \[2, 2, 5, 5\]/,
  ],
  [
    'multiHeadAttention to itself, made for another sequence',
    nn.multiHeadAttention(6, 2, { kvFeatures: 4 }),
    images(2, 5, 6),
    /a 'key' of 4 features.*\{ query, key \}/,
  ],
  ['transformerBlock', nn.transformerBlock(6, 2), images(2, 6), /TransformerBlock\(6, 2 heads\).*\[batch, time, 6\]/],
  ['positionalEmbedding of long sequences', nn.positionalEmbedding(4, 6), images(2, 5, 6), /at most 4 positions/],
  ['lstm', nn.lstm(3, 4), images(2, 5, 4), /Lstm\(3 → 4\).*\[batch, time, 3\]/],
  ['lstm of no steps', nn.lstm(3, 4), images(2, 0, 3), /at least one step/],
  [
    'lstm with states of one layer',
    nn.lstm(3, 4, { layers: 2 }),
    { input: images(2, 5, 3), hidden: [images(2, 4)] },
    /states of 2 layers/,
  ],
  [
    'gru with states of another batch',
    nn.gru(3, 4),
    { input: images(2, 5, 3), hidden: [images(3, 4)] },
    /Gru\(3 → 4\).*\[2, 4\]/,
  ],
  ['flatten of nothing', nn.flatten(), undefined, /found undefined/],
  ['flatten of a number', nn.flatten(), scalar(1), /\[\.\.\., batch\]/],
]

describe('layers refuse what does not fit, and name themselves', () => {
  test.each(badInputs)('%s', (_name, layer, input, message) => {
    const net = nn.sequential(nn.identity(), layer as Layer<Tensor, Tensor>)
    const { parameters, buffers } = assignPaths(net)
    for (const stored of [...parameters, ...buffers]) stored.materialise({ seed: 0 })
    const error = refusal(() => net.forward(input as Tensor, stepAt()))
    expect(error.code).toBe('LEVIN_BATCH_SHAPE')
    expect(error.message).toMatch(/^'1' \(/)
    expect(error.message).toMatch(message)
    expect(error.remedy).toBeTruthy()
  })
})

const badOptions: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['linear of no inputs', () => nn.linear(0, 2), /linear.*'in'.*at least 1, found 0/],
  ['linear of half an output', () => nn.linear(2, 1.5), /'out'.*found 1\.5/],
  ['conv2d with a kernel of 0', () => nn.conv2d(1, 1, 0), /conv2d.*'kernel'/],
  ['conv2d with one of two sizes', () => nn.conv2d(1, 1, [3] as never), /'kernel'.*found \[3\]/],
  ['conv2d with negative padding', () => nn.conv2d(1, 1, 3, { padding: -1 }), /'padding'.*found -1/],
  ['conv2d with unknown padding', () => nn.conv2d(1, 1, 3, { padding: 'full' as never }), /'padding'.*found 'full'/],
  ['conv2d with a stride of 0', () => nn.conv2d(1, 1, 3, { stride: [1, 0] }), /'stride'.*found \[1, 0\]/],
  ['conv1d with a dilation of 0', () => nn.conv1d(1, 1, 3, { dilation: 0 }), /conv1d.*'dilation'/],
  ['depthwiseConv2d with no outputs', () => nn.depthwiseConv2d(2, 3, { multiplier: 0 }), /'multiplier'/],
  ['maxPool2d with much padding', () => nn.maxPool2d(3, { padding: 2 }), /'padding'.*at most half the window 3×3/],
  ['maxPool1d with half a size', () => nn.maxPool1d(1.5), /maxPool1d.*'size'/],
  ['batchNorm with a momentum of 2', () => nn.batchNorm(2, { momentum: 2 }), /'momentum'.*from 0 up to 1, found 2/],
  ['batchNorm with a negative epsilon', () => nn.batchNorm(2, { epsilon: -1 }), /'epsilon'/],
  ['layerNorm of nothing', () => nn.layerNorm([]), /layerNorm.*'shape'/],
  ['embedding with a row that it lacks', () => nn.embedding(3, 2, { paddingIndex: 3 }), /'paddingIndex'.*up to 2/],
  [
    'multiHeadAttention with heads that leave a rest',
    () => nn.multiHeadAttention(6, 4),
    /'heads'.*divisor of the 6.*found 4/,
  ],
  [
    'multiHeadAttention with too much dropout',
    () => nn.multiHeadAttention(6, 2, { dropout: 2 }),
    /multiHeadAttention.*'dropout'/,
  ],
  [
    'transformerBlock with no hidden features',
    () => nn.transformerBlock(6, 2, { hiddenFeatures: 0 }),
    /'hiddenFeatures'/,
  ],
  [
    'transformerBlock with a named activation',
    () => nn.transformerBlock(6, 2, { activation: 'gelu' as never }),
    /'activation'.*a layer/,
  ],
  ['positionalEmbedding of no length', () => nn.positionalEmbedding(0, 2), /'length'/],
  ['lstm of no layers', () => nn.lstm(2, 2, { layers: 0 }), /lstm.*'layers'/],
  ['gru of no units', () => nn.gru(2, 0), /gru.*'hidden'/],
  ['dropout of more than all', () => nn.dropout(1.1), /dropout.*'rate'.*from 0 up to 1/],
  ['dropout of no number', () => nn.dropout(Number.NaN), /'rate'.*found NaN/],
  ['leakyRelu with a negative slope', () => nn.leakyRelu(-1), /'negativeSlope'/],
  ['elu with alpha 0', () => nn.elu(0), /'alpha'.*above 0/],
  ['gelu by other means', () => nn.gelu({ approximate: 'erf' as never }), /'approximate'/],
  ['kaimingUniform of another mode', () => nn.kaimingUniform({ mode: 'fan_in' as never }), /'mode'/],
  ['kaimingNormal before the unknown', () => nn.kaimingNormal({ nonlinearity: 'gelu' as never }), /'nonlinearity'/],
  ['xavierUniform with gain 0', () => nn.xavierUniform({ gain: 0 }), /'gain'/],
  ['truncatedNormal between nothing', () => nn.truncatedNormal({ low: 1, high: 1 }), /'low'.*below high/],
  ['sequential of a function', () => nn.sequential((() => 0) as never), /given layers.*at position 0.*lambda/],
  ['lambda of no function', () => nn.lambda(3 as never), /a function, found 3/],
]

describe('options outside their range are refused at construction', () => {
  test.each(badOptions)('%s', (_name, make, message) => {
    const error = refusal(make)
    expect(error.code).toBe('LEVIN_BAD_OPTION')
    expect(error.message).toMatch(message)
  })
})

const vector = tensor1d([1, 2])
const logits = zeros([3, 4])
const labels = zeros([3], 'int32')

const badTargets: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['crossEntropy with labels of floats', () => nn.crossEntropy(logits, zeros([3])), /tf\.cast\(labels, 'int32'\)/],
  ['crossEntropy with one column of labels', () => nn.crossEntropy(logits, zeros([3, 1], 'int32')), /tf\.squeeze/],
  [
    'crossEntropy with one-hot integers',
    () => nn.crossEntropy(logits, zeros([3, 4], 'int32')),
    /tf\.cast\(labels, 'float32'\)/,
  ],
  [
    'crossEntropy with other rows',
    () => nn.crossEntropy(logits, zeros([2], 'int32')),
    /class indices \(int32, \[3\]\)/,
  ],
  ['crossEntropy of a list', () => nn.crossEntropy(logits, [0, 1] as never), /found an array of 2.*holds tensors/],
  ['crossEntropy without labels', () => nn.crossEntropy(logits, undefined as never), /found undefined/],
  ['crossEntropy of integers', () => nn.crossEntropy(zeros([3, 4], 'int32'), labels), /tf\.cast\(x, 'float32'\)/],
  [
    'mse that would broadcast',
    () => nn.mse(zeros([3, 1]), zeros([3])),
    /mse\(\).*targets of shape \[3, 1\], found \[3\]/,
  ],
  ['mae of integers', () => nn.mae(vector, zeros([2], 'int32')), /mae\(\).*targets.*float32/],
  ['huber of nothing', () => nn.huber(undefined as never, vector), /huber\(\).*predictions.*found undefined/],
  ['binaryCrossEntropy of other shapes', () => nn.binaryCrossEntropy(vector, logits), /binaryCrossEntropy\(\)/],
]

describe('losses refuse targets that do not fit', () => {
  test.each(badTargets)('%s', (_name, compute, message) => {
    const error = refusal(compute)
    expect(error.code).toBe('LEVIN_SHAPE')
    expect(error.message).toMatch(message)
  })

  test.each([
    [
      'crossEntropy with a weight too few',
      () => nn.crossEntropy(logits, labels, { weight: [1, 2, 3] }),
      /'weight'.*\[4\]/,
    ],
    [
      'crossEntropy smoothed twice over',
      () => nn.crossEntropy(logits, labels, { labelSmoothing: 2 }),
      /'labelSmoothing'/,
    ],
    [
      'crossEntropy ignoring half a class',
      () => nn.crossEntropy(logits, labels, { ignoreIndex: 0.5 }),
      /'ignoreIndex'/,
    ],
    ['mse reduced otherwise', () => nn.mse(vector, vector, { reduction: 'max' as never }), /'reduction'/],
    ['huber with delta 0', () => nn.huber(vector, vector, { delta: 0 }), /'delta'.*above 0/],
    [
      'binaryCrossEntropyWithLogits with weights of another shape',
      () => nn.binaryCrossEntropyWithLogits(vector, vector, { positiveWeight: zeros([3]) }),
      /'positiveWeight'.*broadcasts to \[2\]/,
    ],
  ] as const)('%s', (_name, compute, message) => {
    const error = refusal(compute)
    expect(error.code).toBe('LEVIN_BAD_OPTION')
    expect(error.message).toMatch(message)
  })
})

describe('layers describe themselves', () => {
  test.each([
    [nn.linear(784, 10), 'Linear(784 → 10)'],
    [nn.conv2d(1, 16, 3), 'Conv2d(1 → 16, 3×3)'],
    [
      nn.conv2d(1, 16, [3, 5], { stride: 2, padding: [1, 2], dilation: 3 }),
      'Conv2d(1 → 16, 3×5, stride 2×2, padding 1×2, dilation 3×3)',
    ],
    [nn.conv2d(1, 1, 3, { padding: 'same' }), "Conv2d(1 → 1, 3×3, padding 'same')"],
    [nn.depthwiseConv2d(4, 3, { multiplier: 2 }), 'DepthwiseConv2d(4 → 8, 3×3)'],
    [nn.conv1d(2, 3, 5, { stride: 2, padding: 1 }), 'Conv1d(2 → 3, 5, stride 2, padding 1)'],
    [nn.maxPool2d(2), 'MaxPool2d(2×2)'],
    [nn.maxPool1d(2), 'MaxPool1d(2)'],
    [nn.avgPool2d(3, { stride: 1 }), 'AvgPool2d(3×3, stride 1×1)'],
    [nn.batchNorm(8), 'BatchNorm(8)'],
    [nn.layerNorm([2, 3]), 'LayerNorm(2×3)'],
    [nn.embedding(96, 128), 'Embedding(96 → 128)'],
    [nn.dropout(0.1), 'Dropout(0.1)'],
    [nn.multiHeadAttention(8, 2, { causal: true }), 'MultiHeadAttention(8, 2 heads, causal)'],
    [nn.transformerBlock(8, 2), 'TransformerBlock(8, 2 heads)'],
    [nn.positionalEmbedding(16, 8), 'PositionalEmbedding(16 × 8)'],
    [nn.lstm(8, 4, { layers: 2 }), 'Lstm(8 → 4, 2 layers)'],
    [nn.gru(8, 4), 'Gru(8 → 4)'],
    [nn.gelu({ approximate: 'tanh' }), 'Gelu(tanh)'],
    [
      nn.lambda(function double(x: Tensor) {
        return x
      }),
      'Lambda(double)',
    ],
  ] as const)('%#: $1', (layer, expected) => {
    expect(layer.describe()).toBe(expected)
  })
})
