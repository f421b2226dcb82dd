import { assignPaths, type Layer, type LayerSharing, LevinError, type StepContext, splitShard } from '@levin/core'
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  avgPool1d,
  batchNorm,
  conv1d,
  crossEntropy,
  embedding,
  enterShared,
  flatten,
  gru,
  layerNorm,
  leaveShared,
  linear,
  logSoftmax,
  lstm,
  maxPool1d,
  multiHeadAttention,
  positionalEmbedding,
  sequential,
  softmax,
  transformerBlock,
} from '../../src/index.js'
import { useBackend } from '../support/backends.js'
import { ranksInLockstep } from '../support/lockstep-ranks.js'
import { stepAt } from '../support/parity.js'
import { layerAt, materialise, sharingOf, wave } from '../support/shared-layers.js'

type AnyLayer = Layer<never, unknown>

beforeAll(() => useBackend('cpu'))

/** What the first of two ranks says to an input. */
function refusal(
  make: () => AnyLayer,
  plan: Readonly<Record<string, string>>,
  input: () => Tensor,
  { splits = false, sharing, after }: { splits?: boolean; sharing?: LayerSharing; after?: (y: Tensor) => Tensor } = {},
): LevinError {
  const { results } = ranksInLockstep(2, splits, (ranks) => {
    let refused: LevinError | undefined
    tidy(() => {
      const net = sequential(make() as Layer)
      for (const [path, style] of Object.entries(plan)) layerAt(net, `0${path}`).share(style)
      const parameters = materialise(net, ranks)
      try {
        const y = net.forward(input(), stepAt({}, { sharing: sharing ?? sharingOf(ranks) })) as Tensor
        after?.(y)
      } catch (error) {
        if (!LevinError.isInstance(error)) throw error
        refused = error
      } finally {
        for (const parameter of parameters) parameter.dispose()
      }
    })
    return refused
  })
  const [first] = results
  if (!first) throw new Error('Nothing was refused.')
  return first
}

const sequence = (features = 4) => wave([2, 6, features])

describe('styles that a layer does not know are refused, and what it knows is said', () => {
  test.each([
    [
      linear(2, 3),
      'heads',
      /Linear\(2 → 3\) cannot be shared as 'heads'.*'column', 'row', 'gatheredColumn', 'vocabulary'/s,
    ],
    [embedding(2, 3), 'column', /one of 'vocabulary'/],
    [multiHeadAttention(4, 2), 'block', /one of 'heads'/],
    [transformerBlock(4, 2), 'heads', /one of 'block'/],
    [softmax(), 'column', /a layer that ranks can compute together/],
  ])('%s', (layer, style, message) => {
    expect(() => layer.share(style)).toThrow(message)
    expect(() => layer.share(style)).toThrow(expect.objectContaining({ code: 'LEVIN_NOT_SUPPORTED' }))
  })

  test('in the options of the factory too', () => {
    expect(() => linear(2, 3, { parallel: 'diagonal' as never })).toThrow(/'diagonal'/)
    expect(() => embedding(2, 3, { parallel: 'row' as never })).toThrow(/'row'/)
  })
})

describe('inputs', () => {
  test('a row layer says that it takes what a column layer gives', () => {
    const error = refusal(() => linear(4, 3), { '': 'row' }, sequence)
    expect(error.code).toBe('LEVIN_BATCH_SHAPE')
    expect(error.message).toMatch(/'0' \(Linear\(4 → 3, row\)\).*\[\.\.\., 2\], the part of the 4.*'column'/s)
  })

  test('a row layer checks the width of its own part', () => {
    const error = refusal(
      () => linear(4, 3),
      { '': 'row' },
      () => sequence(3),
    )
    expect(error.code).toBe('LEVIN_BATCH_SHAPE')
    expect(error.message).toMatch(/shape \[\.\.\., 2\]/)
  })

  test.each(['column', 'row', 'gatheredColumn', 'vocabulary'])('a %s layer needs a time axis to divide', (style) => {
    const width = style === 'row' ? 2 : 4
    const error = refusal(
      () => linear(4, 3),
      { '': style },
      () => wave([2, width]),
      { splits: true },
    )
    expect(error.code).toBe('LEVIN_BATCH_SHAPE')
    expect(error.message).toMatch(/\[batch, time, …, features\].*sequence parallelism/s)
  })

  test('so does an embedding', () => {
    const error = refusal(
      () => embedding(4, 3),
      { '': 'vocabulary' },
      () => tensor([1, 2], [2], 'int32'),
      { splits: true },
    )
    expect(error.message).toMatch(/\[batch, time\]/)
  })

  test('so does what layers of users enter and leave', () => {
    const run = (pass: typeof enterShared) => () =>
      ranksInLockstep(2, true, (ranks) => tidy(() => pass(wave([4, 4]), ranks).dataSync()))
    expect(run(enterShared)).toThrow(/activations \[batch, time, …\]/)
    expect(run(leaveShared)).toThrow(expect.objectContaining({ code: 'LEVIN_SHAPE' }))
  })

  test('positions count those of all ranks', () => {
    const error = refusal(() => positionalEmbedding(11, 4), {}, sequence, { splits: true })
    expect(error.code).toBe('LEVIN_BATCH_SHAPE')
    expect(error.message).toMatch(/at most 11 positions, of which each of 2 ranks/)
  })

  test.each([-1, 5])('an id that is in no part of the vocabulary stays an error: %i', (id) => {
    const run = () =>
      ranksInLockstep(2, false, (ranks) =>
        tidy(() => {
          const layer = embedding(5, 3, { parallel: 'vocabulary' })
          materialise(layer, ranks)
          return layer.forward(tensor([0, id], [2], 'int32'), stepAt({}, { sharing: sharingOf(ranks) }))
        }),
      )
    expect(run).toThrow(/GatherV2|index|indices/i)
  })
})

describe('what would be computed wrongly', () => {
  test.each([softmax, logSoftmax])('a function along features that are divided', (make) => {
    const error = refusal(() => sequential(linear(4, 6), make()) as AnyLayer, { '.0': 'column' }, sequence)
    expect(error.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(error.message).toMatch(/needs all features.*'gatheredColumn'/s)
  })

  test.each<[string, () => AnyLayer, string]>([
    ['a linear layer', () => linear(3, 2), ''],
    ['a norm', () => layerNorm(3), ''],
    ['a column layer', () => linear(3, 2), 'column'],
  ])('%s behind whole sequences, where ranks have stretches', (_, make, style) => {
    const plan = { '.0': 'gatheredColumn', ...(style ? { '.1': style } : {}) }
    const error = refusal(() => sequential(linear(4, 3), make() as Layer) as AnyLayer, plan, sequence, { splits: true })
    expect(error.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(error.message).toMatch(/whole sequences.*'column' and 'row'/s)
  })

  test('sequences that an embedding cannot divide', () => {
    const ids = () => tensor([1, 2, 3], [1, 3], 'int32')
    const error = refusal(() => embedding(4, 3), {}, ids, { splits: true })
    expect(error.message).toMatch(/sequences that 2 ranks can divide evenly/)
  })

  test('crossEntropy of some of the classes', () => {
    const labels = () =>
      tensor(
        Array.from({ length: 12 }, (_, i) => i % 6),
        [2, 6],
        'int32',
      )
    const loss = (style: string) => () =>
      refusal(() => linear(4, 6), { '': style }, sequence, { after: (y) => crossEntropy(y, labels()) })
    expect(loss('vocabulary')().message).toMatch(/a part of 6 classes.*vocabularyCrossEntropy/s)
    expect(loss('gatheredColumn')).toThrow('Nothing was refused')
  })

  test.each([
    [{ '.query': 'column' }, /'query' as 'column', 'key' whole, 'value' whole, 'out' whole.*'heads'/s],
    [{ '.query': 'column', '.key': 'column', '.value': 'column' }, /'out' whole/],
    [{ '.out': 'row' }, /'query' whole, 'key' whole, 'value' whole, 'out' as 'row'/],
    [{ '.out': 'column' }, /'out' as 'column'/],
  ])('attention of which some layers are shared: %o', (plan, message) => {
    const error = refusal(() => multiHeadAttention(4, 2), plan as Record<string, string>, sequence)
    expect(error.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(error.message).toMatch(message)
  })

  test('attention within stretches', () => {
    const error = refusal(() => multiHeadAttention(4, 2), {}, sequence, { splits: true })
    expect(error.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(error.message).toMatch(/all of a sequence.*'heads'/s)
  })

  test.each<[string, () => AnyLayer]>([
    ['lstm', () => lstm(4, 3)],
    ['gru', () => gru(4, 3)],
    ['conv1d', () => conv1d(4, 3, 2)],
    ['maxPool1d', () => maxPool1d(2)],
    ['avgPool1d', () => avgPool1d(2)],
    ['batchNorm', () => batchNorm(4)],
    ['flatten', () => flatten()],
  ])('layers that compute across positions, of which a rank has a stretch: %s', (_, make) => {
    const error = refusal(make, {}, sequence, { splits: true })
    expect(error.code).toBe('LEVIN_NOT_SUPPORTED')
    expect(error.message).toMatch(/across the positions.*stretch 0 of 2/s)
  })

  test('fewer heads than ranks', () => {
    const attention = multiHeadAttention(8, 2, { parallel: 'heads' })
    assignPaths(attention)
    const { weight } = attention.query
    expect(() => splitShard(weight, weight.split as { axis: number }, 0, 3)).toThrow(/found 2 of 4 elements each/)
  })
})

describe('on one device a shared layer computes as ever', () => {
  const run = <I extends Tensor>(make: (shared: boolean) => Layer<never, unknown>, input: () => I) =>
    [false, true].map((shared) =>
      tidy(() => {
        const layer = make(shared)
        const parameters = materialise(layer, undefined)
        const step: StepContext = stepAt()
        const y = (layer as Layer<Tensor, Tensor>).forward(input(), step) as Tensor
        const values = [...y.dataSync()]
        for (const parameter of parameters) parameter.dispose()
        return values
      }),
    )

  const parallel = <S extends string>(style: S, shared: boolean) => (shared ? { parallel: style } : {})
  const ids = () => tensor([0, 4, 2, 2], [2, 2], 'int32')

  test.each<[string, (shared: boolean) => AnyLayer, () => Tensor]>([
    ['column', (shared) => linear(4, 3, parallel('column', shared)), sequence],
    ['row', (shared) => linear(4, 3, parallel('row', shared)), sequence],
    ['gatheredColumn', (shared) => linear(4, 3, parallel('gatheredColumn', shared)), sequence],
    ['vocabulary', (shared) => embedding(5, 3, { paddingIndex: 1, ...parallel('vocabulary', shared) }), ids],
    ['heads', (shared) => multiHeadAttention(4, 2, { dropout: 0.5, ...parallel('heads', shared) }), sequence],
    ['block', (shared) => transformerBlock(4, 2, { dropout: 0.5, ...parallel('block', shared) }), sequence],
  ])('%s', (_, make, input) => {
    const [plain, shared] = run(make, input)
    expect(shared).toEqual(plain)
  })

  test('and says in its description that it is shared', () => {
    expect(linear(4, 3, { parallel: 'row' }).describe()).toBe('Linear(4 → 3, row)')
    expect(linear(4, 3).describe()).toBe('Linear(4 → 3)')
  })
})
