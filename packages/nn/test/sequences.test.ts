import { assignPaths, type Layer } from '@levin/core'
import {
  concat,
  keep,
  memory,
  ones,
  type Rank,
  randomNormal,
  reshape,
  slice,
  type Tensor,
  type Tensor3D,
  tensor,
  tensor3d,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { gru, lstm, multiHeadAttention, positionalEmbedding, transformerBlock } from '../src/index.js'
import { BACKENDS, useBackend } from './support/backends.js'
import { differentiate, stepAt } from './support/parity.js'

function built<L extends Layer<never, unknown>>(layer: L): L {
  const { parameters } = assignPaths(layer)
  for (const parameter of parameters) parameter.materialise({ seed: 3 })
  return layer
}

const sequence = (batch: number, time: number, features: number): Tensor3D =>
  randomNormal([batch, time, features], 0, 1, 'float32', 5)

const values = (x: Tensor): number[] => [...x.dataSync()]

function expectSame(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape)
  const wanted = values(expected)
  for (const [i, value] of values(actual).entries()) expect(value).toBeCloseTo(wanted[i] as number, 5)
}

const layers: readonly (readonly [string, () => Layer<Tensor3D, Tensor3D>])[] = [
  ['multiHeadAttention', () => multiHeadAttention(6, 2, { dropout: 0.4 })],
  ['transformerBlock', () => transformerBlock(6, 2, { dropout: 0.4, causal: true })],
  ['lstm', () => lstm(6, 4, { layers: 3, dropout: 0.4 })],
  ['gru', () => gru(6, 4, { layers: 3, dropout: 0.4 })],
]

describe.each(BACKENDS)('dropout within layers of sequences on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  test.each(layers)(
    '%s treats a sample the same however its window is split, and drops in training alone',
    (_, make) => {
      const layer = built(make())
      tidy(() => {
        const x = sequence(6, 5, 6)
        const run = (from: number, count: number, mode: 'train' | 'validate' = 'train') =>
          layer.forward(slice(x, [from, 0, 0], [count, 5, 6]), stepAt({ firstSample: from, mode }))
        const whole = run(0, 6)
        expectSame(concat([run(0, 2), run(2, 4)]), whole)
        expect(values(run(0, 6, 'validate'))).not.toEqual(values(whole))
        expectSame(run(0, 6, 'validate'), run(0, 6, 'validate'))
      })
    },
  )
})

test('attention drops the same probabilities with a kernel and without, in every block of heads and samples', async () => {
  const layer = multiHeadAttention(4, 2, { dropout: 0.5 })
  const outputs: number[][] = []
  for (const backend of BACKENDS) {
    await useBackend(backend)
    const { parameters } = assignPaths(layer)
    for (const parameter of parameters) parameter.materialise({ seed: 3 })
    // Long enough for more than one block.
    const x = tensor3d(
      Array.from({ length: 2 * 600 * 4 }, (_, i) => Math.sin(i)),
      [2, 600, 4],
    )
    outputs.push(values(layer.forward(x, stepAt())))
  }
  const [onCpu, onWasm] = outputs as [number[], number[]]
  const worst = Math.max(...onCpu.map((value, i) => Math.abs(value - (onWasm[i] as number))))
  expect(worst).toBeLessThan(1e-5)
})

describe.each(BACKENDS)('layers of sequences on %s', (backend) => {
  beforeAll(() => useBackend(backend))

  const all: typeof layers = [...layers, ['positionalEmbedding', () => positionalEmbedding(7, 6)]]

  test.each(all)('%s gives nothing, and gradients of zero, for no samples', (_, make) => {
    const layer = built(make())
    const parameters = layer.parameters().map(({ value }) => value)
    const x = zeros<Rank.R3>([0, 5, 6])
    const output = tidy(() => layer.forward(x, stepAt()).shape)
    const [, gradients] = differentiate(() => layer.forward(x, stepAt()), [...parameters, x], zeros(output))
    expect(output.slice(0, 2)).toEqual([0, 5])
    expect(gradients.map(({ shape }) => shape)).toEqual([...parameters, x].map(({ shape }) => shape))
    for (const gradient of gradients) expect(values(gradient).filter((value) => value !== 0)).toEqual([])
  })
})

describe('multiHeadAttention', () => {
  beforeAll(() => useBackend('cpu'))

  test('starts as in PyTorch: the packed projection within its bound, biases at zero', () => {
    const { query, key, value, out } = built(multiHeadAttention(32, 4))
    for (const { weight, bias } of [query, key, value]) {
      const highest = Math.max(...values(weight.value).map(Math.abs))
      expect(highest).toBeLessThanOrEqual(Math.sqrt(6 / 128))
      expect(highest).toBeGreaterThan(0.95 * Math.sqrt(6 / 128))
      expect(new Set(values((bias as { value: Tensor }).value))).toEqual(new Set([0]))
    }
    expect(Math.max(...values(out.weight.value).map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(32))
    expect(new Set(values((out.bias as { value: Tensor }).value))).toEqual(new Set([0]))
    const other = built(multiHeadAttention(32, 4, { kvFeatures: 16 }))
    expect(Math.max(...values(other.key.weight.value))).toBeGreaterThan(0.95 * Math.sqrt(6 / 48))
  })

  test('causal, is untouched by what comes later', () => {
    const layer = built(multiHeadAttention(6, 2, { causal: true }))
    tidy(() => {
      const x = sequence(2, 7, 6)
      const start = slice(x, [0, 0, 0], [2, 3, 6])
      expectSame(slice(layer.forward(x, stepAt()), [0, 0, 0], [2, 3, 6]), layer.forward(start, stepAt()))
    })
  })

  test('is untouched by padding, and gives the bias alone where all is padding', () => {
    const layer = built(multiHeadAttention(6, 2))
    tidy(() => {
      const x = sequence(2, 4, 6)
      const keyPadding = tensor([0, 0, 0, 1, 1, 1, 1, 1], [2, 4], 'bool')
      const y = layer.forward({ query: x, keyPadding }, stepAt())
      const short = slice(x, [0, 0, 0], [1, 3, 6])
      expectSame(slice(y, [0, 0, 0], [1, 3, 6]), layer.forward(short, stepAt()))
      expect(new Set(values(slice(y, [1, 0, 0], [1, 4, 6])))).toEqual(new Set([0]))
    })
  })

  test('adds masks of numbers to the scores, and takes them by sample and head', () => {
    const layer = built(multiHeadAttention(6, 2))
    tidy(() => {
      const x = sequence(2, 3, 6)
      const hidden = tensor([0, 1, 1, 0, 0, 1, 0, 0, 0], [3, 3], 'bool')
      const numbers = tensor([0, -Infinity, -Infinity, 0, 0, -Infinity, 0, 0, 0], [1, 1, 3, 3])
      const causal = layer.forward({ query: x, mask: hidden }, stepAt())
      expectSame(layer.forward({ query: x, mask: numbers }, stepAt()), causal)
      const byHead = concat([numbers, numbers], 1)
      expectSame(layer.forward({ query: x, mask: concat([byHead, byHead], 0) }, stepAt()), causal)
      expectSame(layer.forward({ query: x, mask: ones([3, 3]) }, stepAt()), layer.forward(x, stepAt()))
    })
  })
})

describe('positionalEmbedding', () => {
  beforeAll(() => useBackend('cpu'))

  test('adds the vector of each position to every sample, for short sequences too', () => {
    const layer = built(positionalEmbedding(4, 3))
    const table = values(layer.weight.value)
    tidy(() => {
      for (const time of [4, 2]) {
        const y = values(layer.forward(ones([2, time, 3]), stepAt()))
        const expected = table.slice(0, time * 3).map((value) => Math.fround(1 + value))
        expect(y).toEqual([...expected, ...expected])
      }
    })
  })

  test('learns the vectors of the positions that were there', () => {
    const layer = built(positionalEmbedding(4, 3))
    const f = () => layer.forward(ones([2, 2, 3]), stepAt())
    const [, [gradient]] = differentiate(() => tidy(f), [layer.weight.value], ones([2, 2, 3]))
    expect(values(gradient as Tensor)).toEqual([2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0])
  })
})

describe.each([
  ['lstm', () => lstm(3, 4, { layers: 2 })],
  ['gru', () => gru(3, 4, { layers: 2 })],
] as const)('%s', (_name, make) => {
  beforeAll(() => useBackend('cpu'))

  test('goes on from the states it gave', () => {
    const layer = built(make()) as Layer<unknown, unknown>
    tidy(() => {
      const x = sequence(2, 6, 3)
      const [first, second] = [slice(x, [0, 0, 0], [2, 4, 3]), slice(x, [0, 4, 0], [2, 2, 3])]
      type Result = { output: Tensor; hidden: Tensor[] }
      const { output, ...states } = layer.forward({ input: first }, stepAt()) as Result
      const rest = layer.forward({ input: second, ...states }, stepAt()) as Result
      expectSame(concat([output, rest.output], 1), layer.forward(x, stepAt()) as Tensor)
      expectSame(rest.hidden[1] as Tensor, reshape(slice(rest.output, [0, 1, 0], [2, 1, 4]), [2, 4]))
    })
  })

  test('starts its weights and biases within ±1/√hidden, as in PyTorch', () => {
    const layer = built(make())
    expect(layer.parameters().map(({ path }) => path)).toEqual(
      [0, 1].flatMap((i) =>
        ['inputWeight', 'recurrentWeight', 'inputBias', 'recurrentBias'].map((name) => `layers.${i}.${name}`),
      ),
    )
    for (const { value } of layer.parameters()) {
      const highest = Math.max(...values(value).map(Math.abs))
      expect(highest).toBeLessThanOrEqual(0.5)
      expect(highest).toBeGreaterThan(0.35)
    }
  })

  test('leaves nothing behind but what it gives', () => {
    const layer = built(make()) as Layer<unknown, unknown>
    const x = keep(sequence(2, 6, 3))
    const before = memory().numTensors
    const y = tidy(() => layer.forward(x, stepAt()) as Tensor)
    expect(memory().numTensors).toBe(before + 1)
    y.dispose()
    x.dispose()
  })
})
