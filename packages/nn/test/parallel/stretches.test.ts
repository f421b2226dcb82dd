import type { Layer, LayerRanks, LayerSharing } from '@levin/core'
import { concat, ones, slice, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { dropout, gelu, layerNorm, linear, positionalEmbedding, sequential } from '../../src/index.js'
import { BACKENDS, useBackend } from '../support/backends.js'
import { ranksInLockstep } from '../support/lockstep-ranks.js'
import { stepAt } from '../support/parity.js'
import { expectSame, materialise, sharingOf, type Values, wave } from '../support/shared-layers.js'

const [BATCH, TIME, FEATURES] = [2, 6, 4]

/** A context axis, as far as layers other than attention look at it. */
const contextAt = (index: number, count: number) => ({ index, count }) as LayerRanks

function run(make: () => Layer<Tensor, Tensor>, x: Tensor, sharing: LayerSharing | undefined): Tensor {
  const layer = make()
  const parameters = materialise(layer as Layer<never, unknown>, sharing?.tensor)
  try {
    return layer.forward(x, stepAt({ firstSample: 3 }, { sharing })) as Tensor
  } finally {
    for (const parameter of parameters) parameter.dispose()
  }
}

const stretch = (x: Tensor, index: number, count: number) =>
  slice(x, [0, (index * TIME) / count, 0], [BATCH, TIME / count, FEATURES])

const valuesOf = (x: Tensor): Values => ({ values: x.dataSync(), shape: x.shape })

describe.each(BACKENDS)('stretches of sequences, on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  test.each([2, 3])('give what whole sequences give: %i of them', (count) => {
    tidy(() => {
      const make = () =>
        sequential(positionalEmbedding(8, FEATURES), dropout(0.5), layerNorm(FEATURES)) as unknown as Layer<
          Tensor,
          Tensor
        >
      const x = wave([BATCH, TIME, FEATURES])
      const parts = Array.from({ length: count }, (_, index) =>
        run(make, stretch(x, index, count), { context: contextAt(index, count), sequence: { index, count } }),
      )
      expectSame(valuesOf(concat(parts, 1)), valuesOf(run(make, x, undefined)), 'output')
    })
  })

  test.each([false, true])('give it where features are divided too, and stretches once more: %s', (splits) => {
    tidy(() => {
      const make = () => {
        const net = sequential(linear(FEATURES, 7), gelu(), dropout(0.5), linear(7, FEATURES), dropout(0.5))
        net.layers[0].share('column')
        net.layers[3].share('row')
        return net as Layer<Tensor, Tensor>
      }
      const x = wave([BATCH, TIME, FEATURES])
      const [contexts, tensors] = splits ? [3, 2] : [2, 3]
      const parts = Array.from({ length: contexts }, (_, index) => {
        const { results } = ranksInLockstep(tensors, splits, (ranks) => {
          const sequence = splits
            ? { index: index * tensors + ranks.index, count: contexts * tensors }
            : { index, count: contexts }
          const own = stretch(x, sequence.index, sequence.count)
          return run(make, own, { ...sharingOf(ranks), context: contextAt(index, contexts), sequence })
        })
        return splits ? concat(results, 1) : (results[0] as Tensor)
      })
      expectSame(valuesOf(concat(parts, 1)), valuesOf(run(make, x, undefined)), 'output')
    })
  })

  test('are not taken for each other', () => {
    tidy(() => {
      const x = ones([BATCH, TIME / 2, FEATURES])
      const [first, second] = [0, 1].map((index) => [
        ...run(() => dropout(0.5), x, { sequence: { index, count: 2 } }).dataSync(),
      ])
      expect(second).not.toEqual(first)
    })
  })
})
