import { assignPaths, BufferUpdates, type CallInterceptor, recompute } from '@levin/core'
import { ones, type Tensor, tensor2d, tensor3d } from '@tensorflow/tfjs-core'
import * as tfl from '@tensorflow/tfjs-layers'
import { beforeAll, expect, test } from 'vitest'
import { batchNorm, dropout, fromLayersModel, linear, lstm, sequential, transformerBlock } from '../src/index.js'
import { useBackend } from './support/backends.js'
import { differentiate, stepAt } from './support/parity.js'

beforeAll(() => useBackend('cpu'))

const block = () => {
  const { batchNormalization, dense } = tfl.layers
  const model = [dense({ units: 4, inputShape: [4] }), batchNormalization(), tfl.layers.dropout({ rate: 0.3 })]
  return fromLayersModel(tfl.sequential({ layers: model }))
}

/** Runs every layer of a chain a second time in the walk backwards. */
const recomputing: CallInterceptor = (layer, input, step, next) => {
  if (layer.path === '') return next(input)
  const mark = step.mark()
  const run = ([x]: readonly Tensor[], replaying: boolean) =>
    replaying ? step.replay(mark, () => next(x as typeof input)) : next(x as typeof input)
  const sources = layer.parameters().map(({ value }) => value)
  return recompute(run, [input as Tensor], sources)
}

test('layers that are recomputed give the same gradients, and move their statistics once', () => {
  const net = sequential(linear(3, 4), batchNorm(4), dropout(0.5), block(), linear(4, 2))
  const { parameters, buffers } = assignPaths(net)
  for (const stored of [...parameters, ...buffers]) stored.materialise({ seed: 2 })
  const x = tensor2d([1, -2, 3, 0, 1, 5, 2, 2, -1, 4, 0, 1], [4, 3])

  const run = (intercept?: CallInterceptor) => {
    const updates = new BufferUpdates()
    const step = stepAt({}, { updates, intercept })
    const sources = parameters.map(({ value }) => value)
    const [output, gradients] = differentiate(() => net.forward(x, step), sources, ones([4, 2]), buffers.length)
    const statistics = buffers.map((buffer) => [...updates.read(buffer).dataSync()])
    updates.discard()
    return [[output, ...gradients].map((tensor) => [...tensor.dataSync()]), statistics]
  }
  expect(buffers.length).toBe(4)
  expect(run(recomputing)).toEqual(run())
})

test('so do layers of sequences, with the dropout within them', () => {
  const block = transformerBlock(4, 2, { causal: true, dropout: 0.5 })
  const net = sequential(block, lstm(4, 3, { layers: 2, dropout: 0.5 }), linear(3, 2))
  const { parameters } = assignPaths(net)
  for (const parameter of parameters) parameter.materialise({ seed: 2 })
  const values = Array.from({ length: 24 }, (_, i) => Math.sin(i))
  const run = (intercept?: CallInterceptor) => {
    const x = tensor3d(values, [2, 3, 4])
    const sources = [...parameters.map(({ value }) => value), x]
    const step = stepAt({}, { intercept })
    const [output, gradients] = differentiate(() => net.forward(x, step), sources, ones([2, 3, 2]))
    return [output, ...gradients].map((tensor) => [...tensor.dataSync()])
  }
  expect(run(recomputing)).toEqual(run())
})
