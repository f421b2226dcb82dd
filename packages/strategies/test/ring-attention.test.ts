import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceleratorOf } from './programs/place.js'
import type { World } from './programs/protocol.js'
import type { RingOutcome } from './programs/ring-bodies.js'
import {
  BATCH,
  HEADS,
  type RingCase,
  type RingResult,
  SIZE,
  VALUE_SIZE,
  wholeAttention,
} from './programs/ring-cases.js'
import { FEATURES, POSITIONS, type RingLayerCase, type RingLayerResult, ringLayer } from './programs/ring-layer.js'
import { Ranks } from './support/ranks.js'

const WORLDS: readonly World[] = [{ size: 1 }, { size: 2 }, { size: 3 }, { size: 4 }, { size: 3, backend: 'cpu' }]

/** 12 and 24 positions divide by every number of ranks. */
const CASES: readonly RingCase[] = [
  { name: 'everything seen', queries: 12, keys: 12 },
  { name: 'causal', queries: 12, keys: 12, causal: true },
  { name: 'another, longer sequence', queries: 12, keys: 24 },
  { name: 'causal, more keys than queries', queries: 12, keys: 24, causal: true },
  { name: 'causal, more queries than keys', queries: 24, keys: 12, causal: true },
  { name: 'a mask for each score', queries: 12, keys: 12, mask: [] },
  { name: 'a causal mask for all samples and heads', queries: 12, keys: 12, causal: true, mask: ['batch', 'heads'] },
  { name: 'a mask for all queries', queries: 12, keys: 12, mask: ['queries'] },
  { name: 'keys that travel with their mask', queries: 12, keys: 12, keyMask: 'some' },
  { name: 'both masks, causal', queries: 12, keys: 12, causal: true, mask: ['heads'], keyMask: 'some' },
  { name: 'rows that see nothing', queries: 12, keys: 12, keyMask: 'all' },
  { name: 'dropout', queries: 12, keys: 12, dropout: 0.4 },
  { name: 'dropout, causal, masked', queries: 12, keys: 12, causal: true, mask: [], dropout: 0.4 },
  { name: 'everything dropped', queries: 12, keys: 12, dropout: 1 },
]

const ranks = new Ranks(4)
afterAll(() => ranks.end())

describe.each(WORLDS)('on %o', (world) => {
  beforeAll(() => acceleratorOf(world).setup())

  test.each(CASES)('$name: the stretches put together are the whole attention', async (plan) => {
    const parts = await ranks.run<RingOutcome>('ring', plan, world)
    const whole = wholeAttention(plan)
    const per = (length: number) => length / world.size
    const together = (of: (part: RingResult) => number[], length: number, features: number) =>
      sequencesOf(parts.map(of), per(length) * features)
    expectClose(
      together(({ y }) => y, plan.queries, HEADS * VALUE_SIZE),
      whole.y,
      'y',
    )
    const widths = [SIZE, SIZE, VALUE_SIZE].map((size) => HEADS * size)
    const lengths = [plan.queries, plan.keys, plan.keys]
    for (const [i, name] of ['query', 'key', 'value'].entries()) {
      const gradient = together(({ gradients }) => gradients[i] as number[], lengths[i] as number, widths[i] as number)
      expectClose(gradient, whole.gradients[i] as number[], `gradient of ${name}`)
    }
    expect(parts.map(({ leaked }) => leaked)).toEqual(parts.map(() => 0))
    expect(parts.map(({ bytesSent }) => bytesSent)).toEqual(parts.map(() => bytesOf(plan, world.size)))
  })
})

test('a row that sees nothing gives zeros, and no gradient', async () => {
  const parts = await ranks.run<RingOutcome>('ring', { name: '', queries: 4, keys: 4, keyMask: 'all' }, { size: 2 })
  for (const { y, gradients } of parts) {
    const half = (values: number[]) => values.slice(0, values.length / BATCH)
    for (const values of [y, ...gradients]) expect(half(values).every((value) => value === 0)).toBe(true)
    expect(y.some((value) => value !== 0)).toBe(true)
  }
})

test.each(['cpu', 'wasm'] as const)('no samples give none, on %s', async (backend) => {
  const shape = [0, 2, 4]
  expect(await ranks.run('ringOfNothing', {}, { size: 2, backend })).toEqual([
    [shape, shape],
    [shape, shape],
  ])
})

test('a mask of the rank’s own keys alone is refused, and says which it takes', async () => {
  const run = ranks.run('ringMaskTooShort', {}, { size: 2 })
  await expect(run).rejects.toThrow(/2 keys of each of 2 ranks.*keyMask/s)
})

const LAYERS: readonly RingLayerCase[] = [
  { name: 'itself' },
  { name: 'what came before', options: { causal: true, dropout: 0.3 } },
  { name: 'another sequence', keys: 24, options: { dropout: 0.3 } },
  { name: 'what masks leave', mask: true, keyPadding: true },
  { name: 'what padding leaves of another sequence', keys: 6, keyPadding: true },
]

describe.each([1, 2, 3])('a layer of %i ranks that have stretches', (size) => {
  beforeAll(() => acceleratorOf({ size }).setup())

  test.each(LAYERS)('attends to $name as one device does', async (plan) => {
    const parts = await ranks.run<RingLayerResult>('ringLayer', plan, { size })
    const whole = ringLayer(plan)
    const together = (stretches: number[][], length: number) => sequencesOf(stretches, (length / size) * FEATURES)
    expectClose(
      together(
        parts.map(({ y }) => y),
        POSITIONS,
      ),
      whole.y,
      'y',
    )
    for (const [i, length] of [POSITIONS, plan.keys].entries()) {
      if (length === undefined) continue
      const gradient = together(
        parts.map(({ inputs }) => inputs[i] as number[]),
        length,
      )
      expectClose(gradient, whole.inputs[i] as number[], `gradient of input ${i}`)
    }
    for (const [i, expected] of whole.parameters.entries()) {
      const sum = expected.map((_, at) => parts.reduce((sum, { parameters }) => sum + (parameters[i]?.[at] ?? NaN), 0))
      // The bias of keys moves all scores of a row alike: its gradient is 0, and what is found are rounding errors.
      if (i !== KEY_BIAS) expectClose(sum, expected, `gradient of parameter ${i}`)
    }
    expect(parts.map(({ leaked }) => leaked)).toEqual(parts.map(() => 0))
  })
})

// --- Internal helpers ---

/** Weight and bias of the query, weight and bias of the key. */
const KEY_BIAS = 3

/** The formula of the docstring, forward and backward. */
function bytesOf({ keys, keyMask }: RingCase, count: number): number {
  const own = keys / count
  const width = HEADS * (SIZE + VALUE_SIZE)
  const m = keyMask === undefined ? 0 : 1
  return 4 * (count - 1) * BATCH * own * (width + m + 2 * width + m)
}

/** `[batch, time, features]` of stretches `[batch, time / ranks, features]`, each a flat array. */
function sequencesOf(stretches: readonly number[][], perSample: number): number[] {
  return Array.from({ length: BATCH }, (_, sample) =>
    stretches.flatMap((values) => values.slice(sample * perSample, (sample + 1) * perSample)),
  ).flat()
}

/** Within 1e-5 of the largest number there is: small ones are sums in which large ones cancel. */
function expectClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length)
  const scale = Math.max(...expected.map(Math.abs))
  const worst = expected.findIndex((value, i) => !(Math.abs((actual[i] as number) - value) <= 1e-5 * scale))
  if (worst >= 0) expect.fail(`${what}[${worst}]: expected ${expected[worst]}, got ${actual[worst]}`)
}
