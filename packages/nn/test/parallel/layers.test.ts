import { Layer, normal, Parameter, type StepContext } from '@levin/core'
import { linear as linearOp, relu } from '@levin/ops'
import { type Rank, square, type Tensor, type Tensor3D, tensor, tidy } from '@tensorflow/tfjs-core'
import { beforeAll, describe, test } from 'vitest'
import {
  dropout,
  embedding,
  enterShared,
  gelu,
  lambda,
  leaveShared,
  linear,
  multiHeadAttention,
  positionalEmbedding,
  sequential,
  transformerBlock,
} from '../../src/index.js'
import { BACKENDS, useBackend } from '../support/backends.js'
import { expectSameOnRanks, type SharedCase, WORLDS, wave } from '../support/shared-layers.js'

const BATCH = 2
const TIME = 6

type AnyLayer = Layer<never, unknown>
const forward = (layer: AnyLayer, x: Tensor, step: StepContext) =>
  (layer as Layer<Tensor, Tensor>).forward(x, step) as Tensor

const ids = () => tensor([0, 3, 6, 6, 1, 2, 5, 4, 3, 0, 2, 6], [BATCH, TIME], 'int32')
const padding = () =>
  tensor(
    Array.from({ length: BATCH * TIME }, (_, i) => i % TIME > 3 && i > TIME),
    [BATCH, TIME],
    'bool',
  )
const perHead = () => wave([1, 3, TIME, TIME], 4)
const features = 9
const input = () => wave([BATCH, TIME, features])

/** Attention to another sequence, with all kinds of masks. */
class Attender extends Layer<Tensor3D, Tensor> {
  readonly attention = multiHeadAttention(features, 3, { dropout: 0.3, kvFeatures: 4 })
  readonly raise = linear(features, 4)

  compute(query: Tensor3D, step: StepContext): Tensor {
    const key = this.raise.forward(query, step)
    return this.attention.forward({ query, key, mask: perHead(), keyPadding: padding() }, step)
  }
}

class Masked extends Layer<Tensor3D, Tensor> {
  readonly attention = multiHeadAttention(features, 3, { dropout: 0.3 })

  compute(query: Tensor3D, step: StepContext): Tensor {
    return this.attention.forward({ query, mask: perHead(), keyPadding: padding() }, step)
  }
}

/** A layer of the user's. */
class Bottleneck extends Layer<Tensor, Tensor> {
  readonly down = new Parameter<Rank.R2>([features, 5], normal(0, 1))
  readonly up = new Parameter<Rank.R2>([5, features], normal(0, 1))

  override share(): void {
    this.down.split = { axis: 1 }
    this.up.split = { axis: 0 }
  }

  compute(x: Tensor, step: StepContext): Tensor {
    const ranks = this.down.split && step.sharing?.tensor
    const hidden = relu(linearOp(ranks ? enterShared(x, ranks) : x, this.down.value))
    const y = linearOp(hidden, this.up.value)
    return ranks ? leaveShared(y, ranks) : y
  }
}

const CASES: Readonly<Record<string, () => SharedCase<AnyLayer>>> = {
  'a column and a row layer, with dropout between and behind': () => ({
    make: () => sequential(linear(features, 7), gelu(), dropout(0.4), linear(7, 5), dropout(0.4)),
    plan: { '0': 'column', '3': 'row' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'the same without biases': () => ({
    make: () => sequential(linear(features, 7, { bias: false }), linear(7, 5, { bias: false })),
    plan: { '0': 'column', '1': 'row' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'a column layer alone': () => ({
    make: () => linear(features, 7),
    plan: { '': 'column' },
    input: input(),
    run: forward,
    output: 'part',
  }),
  'a gathered column layer': () => ({
    make: () => sequential(linear(features, 7), dropout(0.4)),
    plan: { '0': 'gatheredColumn' },
    input: input(),
    run: forward,
    output: 'whole',
  }),
  'an embedding': () => ({
    make: () => embedding(7, 5),
    plan: { '': 'vocabulary' },
    run: (layer, _, step) => forward(layer, ids(), step),
    output: 'stretch',
  }),
  'an embedding that is not shared': () => ({
    make: () => embedding(7, 5),
    plan: {},
    run: (layer, _, step) => forward(layer, ids(), step),
    output: 'stretch',
  }),
  'an embedding with padding, positions and dropout': () => ({
    make: () =>
      sequential(embedding(7, 5, { paddingIndex: 6 }), positionalEmbedding(TIME + 2, 5) as never, dropout(0.3)),
    plan: { '0': 'vocabulary' },
    run: (layer, _, step) => forward(layer, ids(), step),
    output: 'stretch',
  }),
  'positions as long as their table': () => ({
    make: () => positionalEmbedding(TIME, features),
    plan: {},
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  attention: () => ({
    make: () => multiHeadAttention(features, 3, { causal: true, dropout: 0.3 }),
    plan: { '': 'heads' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'attention whose layers are named one by one, its heads uneven': () => ({
    make: () => multiHeadAttention(8, 4, { dropout: 0.3 }),
    plan: { query: 'column', key: 'column', value: 'column', out: 'row' },
    input: wave([BATCH, TIME, 8]),
    run: forward,
    output: 'stretch',
  }),
  'attention with masks': () => ({
    make: () => new Masked(),
    plan: { attention: 'heads' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'attention to another sequence': () => ({
    make: () => new Attender(),
    plan: { attention: 'heads' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'a layer of the user': () => ({
    make: () => new Bottleneck(),
    plan: { '': 'hidden' },
    input: input(),
    run: forward,
    output: 'stretch',
  }),
  'a block': () => ({
    make: () => transformerBlock(8, 4, { causal: true, dropout: 0.3, hiddenFeatures: 10 }),
    plan: { '': 'block' },
    input: wave([BATCH, TIME, 8]),
    run: forward,
    output: 'stretch',
  }),
  'a block with its norms last': () => ({
    make: () => transformerBlock(8, 4, { dropout: 0.3, normFirst: false, bias: false }),
    plan: { '': 'block' },
    input: wave([BATCH, TIME, 8]),
    run: (layer, x, step) => forward(layer, { input: x, keyPadding: padding() } as never, step),
    output: 'stretch',
  }),
  'a block with an activation of the user': () => ({
    make: () => transformerBlock(8, 4, { dropout: 0.3, activation: lambda((x) => square(x)) }),
    plan: { '': 'block' },
    input: wave([BATCH, TIME, 8]),
    run: forward,
    output: 'stretch',
  }),
  'a block in evaluation': () => ({
    make: () => transformerBlock(8, 4, { dropout: 0.3 }),
    plan: { '': 'block' },
    input: wave([BATCH, TIME, 8]),
    run: forward,
    output: 'stretch',
    mode: 'validate',
  }),
}

describe.each(BACKENDS)('on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  describe.each(WORLDS)('$count ranks, sequences divided: $splitsSequence, give what one device gives', (world) => {
    test.each(Object.entries(CASES))('%s', (_, make) => {
      tidy(() => void expectSameOnRanks(make(), world))
    })
  })
})
