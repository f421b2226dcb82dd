import { assignPaths, Layer, type StepContext } from '@levin/core'
import { adamUpdate } from '@levin/ops'
import {
  argMax,
  cast,
  dispose,
  equal,
  mean,
  memory,
  type Scalar,
  scalar,
  type Tensor,
  type Tensor3D,
  tensor2d,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import {
  crossEntropy,
  embedding,
  layerNorm,
  linear,
  lstm,
  positionalEmbedding,
  sequential,
  transformerBlock,
} from '../src/index.js'
import { useBackend } from './support/backends.js'
import { differentiate, stepAt } from './support/parity.js'

beforeAll(() => useBackend('wasm'))

interface Batch {
  tokens: Tensor
  labels: Tensor
}

/** Whole numbers that look random and are the same on every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

/** Trains with Adam; returns the losses and the share of right answers at the end. */
function train(model: Layer<never, unknown>, batchAt: (step: number) => Batch, steps: number, learningRate: number) {
  const { parameters } = assignPaths(model)
  for (const parameter of parameters) parameter.materialise({ seed: 1 })
  const forward = (batch: Batch, mode: 'train' | 'validate') =>
    (model as unknown as Layer<Tensor, Tensor>).forward(batch.tokens, stepAt({ mode }))
  const losses: number[] = []
  let moments = parameters.map(({ value }) => [zerosLike(value), zerosLike(value)] as const)
  const upstream = scalar(1)
  let tensors = 0
  for (let step = 1; step <= steps; step++) {
    const batch = batchAt(step)
    const sources = parameters.map(({ value }) => value)
    const [loss, gradients] = differentiate(
      () => crossEntropy(forward(batch, 'train'), batch.labels) as Scalar,
      sources,
      upstream,
    )
    losses.push(loss.dataSync()[0] as number)
    const entries = moments.map(([firstMoment, secondMoment], i) => {
      return { parameter: sources[i] as Tensor, gradient: gradients[i] as Tensor, firstMoment, secondMoment }
    })
    // In place, or fresh tensors that take the place of the old ones.
    const updated = adamUpdate(entries, { learningRate, step })
    moments = updated.map((values, i) => {
      const { parameter, firstMoment, secondMoment } = values
      if (parameter !== sources[i]) {
        parameters[i]?.assign(parameter)
        dispose([...(moments[i] ?? [])])
      }
      return [firstMoment, secondMoment] as const
    })
    dispose([loss, ...gradients, ...Object.values(batch)])
    if (step === 2) tensors = memory().numTensors
  }
  expect(memory().numTensors, 'tensors left by steps').toBe(tensors)
  const last = batchAt(steps + 1)
  const right = tidy(
    () => mean(cast(equal(argMax(forward(last, 'validate'), -1), last.labels), 'float32')).dataSync()[0],
  )
  dispose(Object.values(last))
  return { losses, right: right as number }
}

const TEXT = 'the quick brown fox jumps over the lazy dog. '
const ALPHABET = [...new Set(TEXT)]
const CONTEXT = 16

class CharGpt extends Layer<Tensor, Tensor3D> {
  readonly tokens = embedding(ALPHABET.length, 32)
  readonly positions = positionalEmbedding(CONTEXT, 32)
  readonly blocks = [0, 1].map(() => transformerBlock(32, 4, { causal: true, dropout: 0.05 }))
  readonly norm = layerNorm(32)
  readonly head = linear(32, ALPHABET.length)

  compute(ids: Tensor, step: StepContext): Tensor3D {
    let x = this.positions.forward(this.tokens.forward(ids, step) as Tensor3D, step)
    for (const block of this.blocks) x = block.forward(x, step)
    return this.head.forward(this.norm.forward(x, step), step)
  }
}

/** Goes on with a text, always with the likeliest character. */
function write(model: CharGpt, start: string, characters: number): string {
  let text = start
  for (let i = 0; i < characters; i++) {
    const read = [...text].slice(-CONTEXT).map((character) => ALPHABET.indexOf(character))
    const next = tidy(() => {
      const logits = model.forward(tensor2d(read, [1, read.length], 'int32'), stepAt({ mode: 'predict' }))
      return argMax(logits, -1).dataSync().at(-1)
    })
    text += ALPHABET[next as number]
  }
  return text
}

test('a small GPT learns a text by its characters, and writes it', () => {
  const endless = TEXT.repeat(3)
  const batchAt = (step: number): Batch => {
    const roll = dice(step)
    const starts = Array.from({ length: 16 }, () => roll(TEXT.length))
    const read = (shift: number) => {
      const ids = starts.flatMap((start) =>
        [...endless.slice(start + shift, start + shift + CONTEXT)].map((character) => ALPHABET.indexOf(character)),
      )
      return tensor2d(ids, [starts.length, CONTEXT], 'int32')
    }
    return { tokens: read(0), labels: read(1) }
  }
  const model = new CharGpt()
  const { losses } = train(model, batchAt, 80, 5e-3)
  expect(losses[0]).toBeGreaterThan(2.5)
  // The same letter is followed by different ones: only who reads further back can go on.
  expect(write(model, 'the qui', TEXT.length)).toBe(endless.slice(0, 7 + TEXT.length))
})

test('an LSTM learns to tag a token by one that it saw before', () => {
  // Each position is tagged by the last opening token (1, 2 or 3) before it.
  const batchAt = (step: number): Batch => {
    const roll = dice(step)
    const tokens: number[] = []
    const labels: number[] = []
    for (let row = 0; row < 32; row++) {
      let tag = 0
      for (let t = 0; t < 16; t++) {
        const token = roll(4) === 0 ? 1 + roll(3) : 4 + roll(4)
        if (token < 4) tag = token
        tokens.push(token)
        labels.push(tag)
      }
    }
    return { tokens: tensor2d(tokens, [32, 16], 'int32'), labels: tensor2d(labels, [32, 16], 'int32') }
  }
  const tagger = sequential(embedding(8, 16), lstm(16, 32, { layers: 2, dropout: 0.05 }), linear(32, 4))
  const { losses, right } = train(tagger, batchAt, 70, 1e-2)
  expect(losses[0]).toBeGreaterThan(1)
  expect(right).toBeGreaterThan(0.97)
})
