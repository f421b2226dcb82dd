import { type CallInterceptor, Layer, recompute, type StepContext } from '@levin/core'
import { type Tensor, type Tensor2D, type Tensor3D, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  crossEntropy,
  embedding,
  layerNorm,
  linear,
  positionalEmbedding,
  type TransformerPlanOptions,
  transformerBlock,
  transformerPlan,
  vocabularyCrossEntropy,
} from '../../src/index.js'
import { BACKENDS, useBackend } from '../support/backends.js'
import { expectSameOnRanks, layerAt, type SharedCase, WORLDS } from '../support/shared-layers.js'

const [BATCH, TIME, WORDS, FEATURES] = [2, 6, 11, 8]

class Gpt extends Layer<Tensor2D, Tensor3D> {
  readonly tokens = embedding(WORDS, FEATURES)
  readonly positions = positionalEmbedding(TIME, FEATURES)
  readonly blocks = Array.from({ length: 2 }, () => transformerBlock(FEATURES, 4, { causal: true, dropout: 0.2 }))
  readonly norm = layerNorm(FEATURES)
  readonly head = linear(FEATURES, WORDS)

  compute(ids: Tensor2D, step: StepContext) {
    let x = this.positions.forward(this.tokens.forward(ids, step) as Tensor3D, step)
    for (const block of this.blocks) x = block.forward(x, step)
    return this.head.forward(this.norm.forward(x, step), step)
  }
}

const words = (phase: number) =>
  tensor(
    Array.from({ length: BATCH * TIME }, (_, i) => (i * 5 + phase) % WORDS),
    [BATCH, TIME],
    'int32',
  ) as Tensor2D

type Loss = (logits: Tensor, step: StepContext) => Tensor
const LOSSES: Readonly<Record<string, Loss>> = {
  gatheredColumn: (logits) => crossEntropy(logits, words(3)),
  vocabulary: (logits, step) => vocabularyCrossEntropy(logits, words(3), step, { labelSmoothing: 0.1 }),
}

/** The layers that a plan's patterns stand for. */
function matching(plan: Readonly<Record<string, string>>): Record<string, string> {
  const expanded = Object.entries(plan).flatMap(([pattern, style]) =>
    pattern.endsWith('.*') ? [0, 1].map((place) => [pattern.replace('*', `${place}`), style]) : [[pattern, style]],
  )
  return Object.fromEntries(expanded) as Record<string, string>
}

const gptCase = (headStyle: NonNullable<TransformerPlanOptions['headStyle']>): SharedCase<Gpt> => ({
  make: () => new Gpt(),
  plan: matching(transformerPlan({ tokens: 'tokens', head: 'head', headStyle })),
  run: (net, _, step) => (LOSSES[headStyle] as Loss)(net.forward(words(0), step), step),
  output: 'whole',
})

/** Runs blocks and what they are made of a second time in the walk backwards. */
const recomputing: CallInterceptor = (layer, input, step, next) => {
  if (layer.path === '') return next(input)
  const mark = step.mark()
  const run = ([x]: readonly Tensor[], replaying: boolean) =>
    replaying ? step.replay(mark, () => next(x as typeof input)) : next(x as typeof input)
  const sources = layer.parameters().map(({ value }) => value)
  return recompute(run, [input as Tensor], sources)
}

describe.each(BACKENDS)('on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  describe.each(WORLDS)('$count ranks, sequences divided: $splitsSequence', (world) => {
    test.each(['gatheredColumn', 'vocabulary'] as const)('a GPT has the loss of one device, its head %s', (style) => {
      tidy(() => void expectSameOnRanks(gptCase(style), world))
    })
  })

  test.each([false, true])('it has when its layers are recomputed, sequences divided: %s', (splitsSequence) => {
    const world = { count: 2, splitsSequence }
    tidy(() => void expectSameOnRanks({ ...gptCase('vocabulary'), intercept: recomputing }, world))
  })

  test('of a block four operations each way, whatever the heads', () => {
    const count = (splitsSequence: boolean) => {
      const make = () => transformerBlock(FEATURES, 4)
      const input = tensor(Array.from({ length: BATCH * TIME * FEATURES }, Math.sin), [BATCH, TIME, FEATURES])
      const run = (block: ReturnType<typeof make>, x: Tensor, step: StepContext) => block.forward(x as Tensor3D, step)
      const plan = { '': 'block' }
      return tidy(() =>
        tally(expectSameOnRanks({ make, plan, input, run, output: 'stretch' }, { count: 2, splitsSequence })),
      )
    }
    expect(count(false)).toEqual({ sum: 4 })
    expect(count(true)).toEqual({ 'gather 1': 4, 'sumScatter 1': 4 })
  })
})

const tally = (operations: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const operation of operations) counts[operation] = (counts[operation] ?? 0) + 1
  return counts
}

test('a plan names what it is told', () => {
  expect(transformerPlan()).toEqual({ 'blocks.*': 'block' })
  expect(transformerPlan({ blocks: 'net.blocks.*', tokens: 'net.tokens', head: 'net.head' })).toEqual({
    'net.blocks.*': 'block',
    'net.tokens': 'vocabulary',
    'net.head': 'gatheredColumn',
  })
  expect(layerAt(new Gpt(), 'blocks.1').describe()).toBe('TransformerBlock(8, 4 heads, causal)')
})
