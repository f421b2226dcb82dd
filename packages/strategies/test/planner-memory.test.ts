import { describe, expect, test } from 'vitest'
import { SCHEDULES, type ScheduleName } from '../src/pipeline/schedules/index.js'
import { ALONE, type Layout } from '../src/planner/layout.js'
import { largestOf, planMemory, RUNTIME_BYTES } from '../src/planner/memory.js'
import { layer, layers, model, sharedLayer } from './support/measured-models.js'

const PARAMETER_BYTES = 4e6
const INNER = 1e6
const BETWEEN = 1e4
const layout = (changes: Partial<Layout>): Layout => ({ ...ALONE, ...changes })
const one = (changes: Partial<Layout>, of = model(layers(8))) => largestOf(planMemory(layout(changes), of))

test('one worker holds parameters, two moments, and at its peak all activations or all gradients', () => {
  const memory = one({})
  expect(memory.parameters).toBe(8 * PARAMETER_BYTES)
  expect(memory.optimizer).toBe(16 * PARAMETER_BYTES)
  // Here gradients are larger than activations, and are whole when these are gone.
  expect(memory.gradients).toBe(8 * PARAMETER_BYTES)
  expect(memory.total).toBe(32 * PARAMETER_BYTES + memory.activations + 1e3 + RUNTIME_BYTES)
  // With the activations of the first layer, and the gradient that comes for its output.
  expect(memory.activations).toBe(INNER + 2 * BETWEEN)
})

test('where activations are larger the peak is before gradients come; accumulating gradients are there beside them', () => {
  const large = model(layers(4, (index) => layer(index, { innerBytes: 100e6 })))
  const first = one({}, large)
  // The last layer's gradient is there before its activations go.
  expect(first.activations + first.gradients).toBe(4 * (100e6 + BETWEEN) + BETWEEN + PARAMETER_BYTES)
  const later = one({ microBatches: 3 }, large)
  // The sums, the new one that is added to one of them, and what that comes to.
  expect(later.gradients).toBe(6 * PARAMETER_BYTES)
  expect(later.total - first.total).toBe(5 * PARAMETER_BYTES + 2 * 1e3)
  // Strategies of several workers add in place.
  expect(one({ microBatches: 3, data: 2 }, large).gradients).toBe(5 * PARAMETER_BYTES)
})

test('what nobody saves is not held: the output of a layer counts once, where one of both needs it', () => {
  const free = model(layers(4, (index) => layer(index, { keepsInput: false, parameters: [] })))
  const kept = model(layers(4, (index) => layer(index, { parameters: [] })))
  const activations = (of: typeof free) => planMemory(ALONE, of)[0]?.activations ?? 0
  // Three boundaries; the last output is the tape's either way.
  expect(activations(kept) - activations(free)).toBe(3 * BETWEEN)
})

describe.each(['gpipe', '1f1b', 'zeroBubble', 'interleaved'] as ScheduleName[])('a pipeline by %s', (schedule) => {
  const chunks = SCHEDULES[schedule].interleaves ? 2 : 1
  const shape = { ranks: 4, microBatches: 8, chunks }
  // Activations alone: parameters would come and go with gradients.
  const bare = model(layers(16, (index) => layer(index, { parameters: [] })))
  const memory = planMemory(layout({ pipeline: 4, microBatches: 8, schedule, chunks }), bare)

  test('holds activations of as many micro-batches as the schedule says', () => {
    const inPart = 16 / (4 * chunks)
    for (const [rank, { activations }] of memory.entries()) {
      const isFirst = rank === 0
      const held = SCHEDULES[schedule].held(shape, rank)
      const part = inPart * (INNER + BETWEEN) + BETWEEN
      // The first stage is handed nothing; with several parts on a rank not all of those held are of the first.
      const least = held * (part - (isFirst ? BETWEEN : 0))
      expect(activations).toBeGreaterThanOrEqual(least)
      expect(activations).toBeLessThanOrEqual(held * part + BETWEEN)
    }
  })
})

test('a pipeline divides parameters, gradients and state by its ranks', () => {
  for (const { parameters, optimizer } of planMemory(layout({ pipeline: 4, microBatches: 4 }), model(layers(8)))) {
    expect(parameters).toBe(2 * PARAMETER_BYTES)
    expect(optimizer).toBe(4 * PARAMETER_BYTES)
  }
})

test('what is in no layer of the chain is held by all ranks of a pipeline, and run before each stage', () => {
  const before = layer(100, { parameters: [{ path: 'table', elements: 3e6, trainable: true }], keepsInput: false })
  const ranks = planMemory(layout({ pipeline: 2, microBatches: 2 }), model(layers(4), { before }))
  expect(ranks.map(({ parameters }) => parameters)).toEqual([2, 2].map((count) => count * PARAMETER_BYTES + 12e6))
})

test('a tied parameter counts once on a rank', () => {
  const tied = { path: 'table', elements: 1e6, trainable: true }
  const ends = [layer(0, { parameters: [tied] }), layer(1), layer(2, { parameters: [tied] })]
  expect(one({}, model(ends)).parameters).toBe(2 * PARAMETER_BYTES)
  const stages = planMemory(layout({ pipeline: 3, microBatches: 3 }), model(ends))
  expect(stages.map(({ parameters }) => parameters)).toEqual([1, 1, 1].map((count) => count * PARAMETER_BYTES))
})

test('tensor ranks divide what layers share, and with sequences what is between them too', () => {
  const shared = model(layers(8, sharedLayer))
  const [whole, half, sequences] = [{}, { tensor: 2 }, { tensor: 2, sequenceParallel: true }].map((changes) =>
    one({ ...changes, microBatches: 2 }, shared),
  )
  expect(half?.parameters).toBe((whole?.parameters ?? 0) / 2)
  expect(half?.optimizer).toBe((whole?.optimizer ?? 0) / 2)
  expect(half?.activations ?? 0).toBeCloseTo(8 * (INNER * (0.75 / 2 + 0.25) + BETWEEN), -6)
  expect(sequences?.activations ?? 0).toBeLessThan(half?.activations ?? 0)
  // Whole sequences that are gathered for a layer are kept for its weight's gradient.
  const gathered = 8 * sharedLayer(0).sums.reduce((sum, bytes) => sum + bytes, 0)
  expect(sequences?.activations ?? 0).toBeCloseTo((whole?.activations ?? 0) / 2 + gathered, -5)
})

test('three tensor ranks of four heads: the largest has two', () => {
  expect(one({ tensor: 3 }, model(layers(2, sharedLayer))).parameters).toBe(PARAMETER_BYTES)
})

test('context ranks divide activations and batches, and hold all parameters', () => {
  const [whole, half] = [1, 2].map((context) => one({ context, microBatches: 4 }, model(layers(8, sharedLayer))))
  expect(half?.activations).toBe((whole?.activations ?? 0) / 2)
  expect(half?.batch).toBe((whole?.batch ?? 0) / 2)
  expect(half?.parameters).toBe(whole?.parameters)
})

test('ZeRO divides state by whole tensors over the ranks that hold the same', () => {
  expect(one({ data: 4, zero: 1 }).optimizer).toBe((16 * PARAMETER_BYTES) / 4)
  expect(one({ data: 2, context: 2, zero: 1 }, model(layers(8, sharedLayer))).optimizer).toBe(4 * PARAMETER_BYTES)
  // Three ranks for eight tensors: one of them has three.
  expect(one({ data: 3, zero: 1 }).optimizer).toBe(3 * 2 * PARAMETER_BYTES)
})

test('recompute holds what goes into layers, and one layer from within', () => {
  const bare = model(layers(8, (index) => layer(index, { parameters: [] })))
  const [all, inputs] = [false, true].map((recompute) => one({ recompute, microBatches: 2 }, bare).activations)
  expect(all ?? 0).toBeGreaterThan(8 * INNER)
  expect(inputs ?? 0).toBeGreaterThanOrEqual(INNER)
  expect(inputs ?? 0).toBeLessThan(INNER + 12 * BETWEEN)
})

test('frozen parameters have neither gradients nor state', () => {
  const frozen = model(
    layers(4, (index) => layer(index, { parameters: [{ path: `${index}`, elements: 1e6, trainable: false }] })),
  )
  const memory = one({ microBatches: 2 }, frozen)
  expect([memory.parameters, memory.gradients, memory.optimizer]).toEqual([4 * PARAMETER_BYTES, 0, 0])
})

test('a layout that the model cannot have is refused', () => {
  expect(() => planMemory(layout({ pipeline: 4 }), model(layers(3)))).toThrow(/at least 4 layers/)
  expect(() => planMemory(layout({ pipeline: 2 }), model(layers(3), { stages: [1, 1, 1] }))).toThrow(
    /3 stages.*found 2/,
  )
  expect(() => planMemory(layout({ pipeline: 2 }), model(layers(1), { uncut: 'It has no chain.' }))).toThrow('no chain')
})
