import { assignPaths, BufferUpdates, LevinError } from '@levin/core'
import '@tensorflow/tfjs-backend-cpu'
import { memory, ones, setBackend, tensor2d, tidy } from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, describe, expect, test } from 'vitest'
import { fromLayersModel } from '../src/index.js'
import { differentiate, stepAt } from './support/parity.js'

beforeAll(() => setBackend('cpu'))

const { batchNormalization, dense, dropout, gaussianNoise, lstm } = tfl.layers

// Its usual initialiser needs tfjs's chained methods.
const recurrent = (args: Partial<tfl.LSTMLayerArgs>) =>
  lstm({ units: 2, recurrentInitializer: 'glorotUniform', ...args }) as tfl.RNN

// Seeded: a draw that leaves every unit dead for the two samples would give statistics that do not move.
const classifier = () =>
  tfl.sequential({
    layers: [
      dense({
        units: 4,
        inputShape: [3],
        activation: 'relu',
        kernelInitializer: tfl.initializers.glorotNormal({ seed: 7 }),
      }),
      batchNormalization({ momentum: 0.5 }),
      dropout({ rate: 0.5 }),
      dense({ units: 2 }),
    ],
  })

const wrap = (model = classifier()) => {
  const layer = fromLayersModel(model)
  assignPaths(layer)
  return layer
}

const codeOf = (f: () => unknown): string | undefined => {
  try {
    f()
  } catch (error) {
    if (LevinError.isInstance(error)) return error.code
    throw error
  }
  return undefined
}

describe('fromLayersModel', () => {
  test('names weights by their place, the same way for every instance', () => {
    const names = [...wrap().namedParameters().keys()]
    expect(names).toEqual(['0.kernel', '0.bias', '1.gamma', '1.beta', '3.kernel', '3.bias'])
    expect([...wrap().namedParameters().keys()]).toEqual(names)
    expect(
      wrap()
        .buffers()
        .map(({ path }) => path),
    ).toEqual(['1.moving_mean', '1.moving_variance'])
  })

  test('says whether its result depends on the rest of a batch', () => {
    expect(wrap().spansBatch).toBe('part')
    expect(wrap(tfl.sequential({ layers: [dense({ units: 2, inputShape: [3] })] })).spansBatch).toBe('none')
  })

  test('names the weights of wrappers and of models within', () => {
    const inner = tfl.sequential({ layers: [dense({ units: 2, inputShape: [5, 3] })] })
    const model = tfl.sequential({
      layers: [inner, tfl.layers.bidirectional({ layer: recurrent({}), mergeMode: 'concat' })],
    })
    const names = [...wrap(model).namedParameters().keys()]
    expect(names.slice(0, 2)).toEqual(['0.0.kernel', '0.0.bias'])
    expect(new Set(names).size).toBe(8)
  })

  test('gives gradients for every trainable weight', () => {
    const layer = wrap()
    const sources = layer.parameters().map(({ value }) => value)
    const [output, gradients] = differentiate(
      () =>
        layer.forward(
          tensor2d([
            [1, -2, 3],
            [0, 1, 5],
            [2, 2, -1],
          ]),
          stepAt(),
        ),
      sources,
      ones([3, 2]),
    )
    expect(output.shape).toEqual([3, 2])
    expect(gradients.map(({ shape }) => shape)).toEqual(sources.map(({ shape }) => shape))
  })

  test('commits moving averages with the window, and leaves them alone when it is aborted', () => {
    const layer = wrap()
    const [movingMean] = layer.buffers()
    const x = tensor2d([
      [1, -2, 3],
      [0, 1, 5],
    ])
    const before = [...(movingMean?.value.dataSync() ?? [])]
    const updates = new BufferUpdates()
    const tensors = memory().numTensors

    tidy(() => void layer.forward(x, stepAt({}, { updates })))
    const pending = [...updates.read(layer.buffers()[0] as never).dataSync()]
    expect(pending).not.toEqual(before)
    expect([...(movingMean?.value.dataSync() ?? [])]).toEqual(before)
    updates.discard()
    expect([...(movingMean?.value.dataSync() ?? [])]).toEqual(before)
    expect(memory().numTensors).toBe(tensors)

    tidy(() => void layer.forward(x, stepAt({}, { updates })))
    updates.commit()
    expect([...(movingMean?.value.dataSync() ?? [])]).toEqual(pending)
    expect(memory().numTensors).toBe(tensors)
  })

  test('continues the moving averages from micro-batch to micro-batch as the model itself would', () => {
    const model = classifier()
    const layer = wrap(model)
    const x = tensor2d([
      [1, -2, 3],
      [0, 1, 5],
    ])
    const updates = new BufferUpdates()
    tidy(() => void layer.forward(x, stepAt({}, { updates })))
    tidy(() => void layer.forward(x, stepAt({}, { updates })))
    const [movingMean] = layer.buffers()
    const ours = [...(movingMean ? updates.read(movingMean).dataSync() : [])]
    updates.discard()

    const [, normalisation] = model.layers
    tidy(() => void model.apply(x, { training: true }))
    tidy(() => void model.apply(x, { training: true }))
    const theirs = [...(normalisation?.weights[2]?.read().dataSync() ?? [])]
    expect(ours.length).toBe(4)
    for (const [i, value] of ours.entries()) expect(value).toBeCloseTo(theirs[i] as number, 5)
  })

  test('draws the same dropout for the same step and another for the next', () => {
    const layer = wrap(tfl.sequential({ layers: [dropout({ rate: 0.5, inputShape: [64] })] }))
    const draw = (globalStep: number) => [...layer.forward(ones([2, 64]), stepAt({ globalStep })).dataSync()]
    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
    expect([...layer.forward(ones([1, 64]), stepAt({ mode: 'validate' })).dataSync()]).toEqual(Array(64).fill(1))
  })

  test('takes a frozen layer as it is', () => {
    const model = classifier()
    const first = model.layers[0]
    if (first) first.trainable = false
    const trainable = wrap(model)
      .parameters()
      .map((parameter) => parameter.trainable)
    expect(trainable).toEqual([false, false, true, true, true, true])
    expect(first?.trainable).toBe(false)
  })

  test('adds up what regularizers say', () => {
    const regularised = dense({ units: 1, inputShape: [2], kernelRegularizer: tfl.regularizers.l2({ l2: 0.5 }) })
    const layer = wrap(tfl.sequential({ layers: [regularised] }))
    regularised.setWeights([tensor2d([[1], [2]]), ones([1])])
    expect(layer.regularizationLoss().dataSync()[0]).toBeCloseTo(2.5, 6)
    expect(wrap().regularizationLoss().dataSync()[0]).toBe(0)
  })

  test('refuses what only fit() of tfjs-layers can do, with its reason', () => {
    const stack = (layer: tfl.layers.Layer) => tfl.sequential({ layers: [layer] })
    const constrained = stack(dense({ units: 1, inputShape: [2], kernelConstraint: 'nonNeg' }))
    expect(codeOf(() => wrap(constrained))).toBe('LEVIN_NOT_SUPPORTED')
    const stateful = stack(recurrent({ stateful: true, batchInputShape: [1, 3, 2] }))
    expect(codeOf(() => wrap(stateful))).toBe('LEVIN_NOT_SUPPORTED')
    expect(codeOf(() => wrap(tfl.sequential()))).toBe('LEVIN_BAD_OPTION')
  })

  test('refuses random layers that no seed determines, in training only', () => {
    const noisy = wrap(tfl.sequential({ layers: [gaussianNoise({ stddev: 1, inputShape: [2] })] }))
    expect(codeOf(() => noisy.forward(ones([1, 2]), stepAt()))).toBe('LEVIN_NOT_SUPPORTED')
    expect(noisy.forward(ones([1, 2]), stepAt({ mode: 'validate' })).shape).toEqual([1, 2])
    const forgetful = wrap(tfl.sequential({ layers: [recurrent({ dropout: 0.5, inputShape: [3, 2] })] }))
    expect(codeOf(() => forgetful.forward(ones([1, 3, 2]), stepAt()))).toBe('LEVIN_NOT_SUPPORTED')
  })

  test('names itself when the input does not fit', () => {
    expect(codeOf(() => wrap().forward(ones([2, 5]), stepAt()))).toBe('LEVIN_BATCH_SHAPE')
    expect(() => wrap().forward(ones([2, 5]), stepAt())).toThrowError(/LayersModel\(sequential_\d+\)/)
  })
})
