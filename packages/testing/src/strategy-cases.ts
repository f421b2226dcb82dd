import { type AnyPlugin, API_VERSION, SingleDevice } from '@levin/core'
import { assertAllClose, type Tolerance } from './all-close.js'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectTrue } from './expectations.js'
import type { Fit } from './fit.js'
import {
  assembled,
  type HeldTensor,
  playScenario,
  type StrategyOutcome,
  type StrategyScenario,
} from './strategy-scenario.js'

export interface StrategyHarness extends KnownFailures {
  /** What the strategy comes from. Absent: built by hand. */
  readonly plugin?: AnyPlugin
  /** How many ranks `play` starts. */
  readonly worldSize: number
  /** Plays the scenario on every rank, by `playScenario`, wherever the ranks are. Outcomes by global rank. */
  play(scenario: StrategyScenario): Promise<readonly StrategyOutcome[]>
  /** Fits on one device: what the strategy is compared with. */
  readonly fit: Fit
  /** Of losses and parameters against one device. Default `{ rtol: 1e-5, atol: 1e-7 }`. */
  readonly tolerance?: Tolerance
}

const BASE: StrategyScenario = { epochs: 2, batches: 4, batchSize: 8, lastBatchSize: 8, accumulate: 1 }

const SCENARIOS = {
  plain: BASE,
  // 5 samples do not divide evenly, and 5 batches make windows of 2, 2 and 1.
  accumulating: { ...BASE, batches: 5, lastBatchSize: 5, accumulate: 2 },
  clippedByNorm: { ...BASE, clipping: { algorithm: 'norm', value: 0.05 } },
  clippedByValue: { ...BASE, clipping: { algorithm: 'value', value: 0.01 } },
} as const satisfies Record<string, StrategyScenario>

/** Everything that the Trainer relies on in a strategy; a strategy changes where a step runs, never its result. */
export function strategyCases(harness: StrategyHarness): ConformanceCase[] {
  const same = (scenario: StrategyScenario) => () => checkSameAsOneDevice(harness, scenario)
  return conformanceCases(
    {
      'declares the contract version it was written for': () => {
        if (harness.plugin) expectEqual([harness.plugin.apiVersion, harness.plugin.kind], [API_VERSION, 'strategy'])
      },
      'numbers its ranks and divides the data among them': () => checkRanks(harness),
      'gives parameters the values that one device gives them': () => checkInitial(harness),
      'has the loss curve and parameters of one device': same(SCENARIOS.plain),
      'has them when it accumulates, with a last window and batch that are not full': same(SCENARIOS.accumulating),
      'has them when it clips by norm': same(SCENARIOS.clippedByNorm),
      'has them when it clips by value': same(SCENARIOS.clippedByValue),
      'holds the same values on all ranks where ranks hold the same part': () => checkReplicas(harness),
      'counts each sample once in evaluation': () => checkEvaluation(harness),
      'reduces, gathers, broadcasts and waits': () => checkCollective(harness),
      'stops on all ranks at one step when one rank asks': () => checkStop(harness),
      'goes on bit for bit from its checkpoint': () => checkResume(harness),
      'fails on all ranks when one rank fails, and leaves nothing': () => checkFailure(harness),
      'leaves no tensor behind': () => checkLeaks(harness),
    },
    harness,
  )
}

const reference = ({ fit }: StrategyHarness, scenario: StrategyScenario): Promise<StrategyOutcome> =>
  playScenario(scenario, { createStrategy: () => new SingleDevice(), fit })

async function play(harness: StrategyHarness, scenario: StrategyScenario): Promise<readonly StrategyOutcome[]> {
  const outcomes = await harness.play(scenario)
  expectEqual(outcomes.length, harness.worldSize, 'outcomes, one per rank')
  const failed = outcomes.find(({ error }) => error)
  if (failed && !scenario.failAt) throw new Error(`Rank ${failed.rank.globalRank} failed: ${failed.error?.message}`)
  return outcomes
}

async function checkRanks(harness: StrategyHarness): Promise<void> {
  const outcomes = await play(harness, { ...BASE, epochs: 1 })
  for (const [index, { rank, dataShard }] of outcomes.entries()) {
    expectEqual([rank.globalRank, rank.worldSize], [index, harness.worldSize], 'globalRank and worldSize')
    expectTrue(
      dataShard.rank >= 0 && dataShard.rank < dataShard.count,
      `Data shard ${dataShard.rank} of ${dataShard.count}.`,
    )
    expectEqual(dataShard.count, outcomes[0]?.dataShard.count, 'number of data shards')
  }
  const shards = new Set(outcomes.map(({ dataShard }) => dataShard.rank))
  expectEqual(shards.size, outcomes[0]?.dataShard.count, 'data shards that some rank reads')
}

async function checkInitial(harness: StrategyHarness): Promise<void> {
  const outcomes = await play(harness, { ...BASE, epochs: 1 })
  const single = await reference(harness, { ...BASE, epochs: 1 })
  // Not close, but equal: values come from (seed, path, global index).
  const own = assembled(outcomes.map(({ initial }) => initial))
  for (const [name, values] of assembled([single.initial])) expectEqual([...(own.get(name) ?? [])], [...values], name)
}

async function checkSameAsOneDevice(harness: StrategyHarness, scenario: StrategyScenario): Promise<void> {
  const { tolerance = { rtol: 1e-5, atol: 1e-7 } } = harness
  const outcomes = await play(harness, scenario)
  const single = await reference(harness, scenario)
  expectTrue(!single.error, `The training on one device failed: ${single.error?.message}`)
  assertAllClose(globalLosses(outcomes), globalLosses([single]), tolerance, 'losses')
  const own = assembled(outcomes.map(({ final }) => final))
  for (const [name, values] of assembled([single.final])) assertAllClose(own.get(name) ?? [], values, tolerance, name)
  for (const { result } of outcomes) expectEqual(result?.clock, single.result?.clock, 'clock')
}

/** The loss of each global batch: ranks that read different data, by weight. */
function globalLosses(outcomes: readonly StrategyOutcome[]): number[] {
  const readers = [...new Map(outcomes.map((outcome) => [outcome.dataShard.rank, outcome])).values()]
  return (readers[0]?.losses ?? []).map((_, batch) => {
    const parts = readers.map(({ losses }) => losses[batch] ?? { loss: Number.NaN, weight: 1 })
    const weight = parts.reduce((total, part) => total + part.weight, 0)
    return parts.reduce((total, part) => total + part.loss * part.weight, 0) / weight
  })
}

async function checkReplicas(harness: StrategyHarness): Promise<void> {
  const outcomes = await play(harness, BASE)
  const seen = new Map<string, HeldTensor>()
  for (const held of outcomes.flatMap(({ final }) => final)) {
    const key = `${held.name} [${held.layout.start}] [${held.layout.shape}]`
    const other = seen.get(key)
    if (other) expectEqual([...held.values], [...other.values], key)
    seen.set(key, held)
  }
  expectTrue(seen.size > 0, 'modelState() yielded nothing.')
}

async function checkEvaluation(harness: StrategyHarness): Promise<void> {
  const scenario = { ...BASE, batches: 3, lastBatchSize: 5, epochs: 1 }
  const outcomes = await play(harness, scenario)
  const single = await reference(harness, scenario)
  const expected = single.result?.metrics['val/loss']
  expectTrue(expected !== undefined, 'The reference logged no val/loss.')
  for (const { result } of outcomes)
    assertAllClose(result?.metrics['val/loss'] ?? Number.NaN, expected, harness.tolerance, 'val/loss')
}

async function checkCollective(harness: StrategyHarness): Promise<void> {
  for (const { collective, dataShard } of await play(harness, { ...BASE, epochs: 1 })) {
    const n = dataShard.count
    const gather = Array.from({ length: n }, (_, from) => ({ from }))
    const expected = { sum: (n * (n + 1)) / 2, min: 1, max: n, gather, broadcast: { from: 0 } }
    expectEqual(collective, expected, 'collective')
  }
}

async function checkStop(harness: StrategyHarness): Promise<void> {
  const outcomes = await play(harness, { ...BASE, stopAt: { rank: harness.worldSize - 1, globalStep: 3 } })
  for (const { result, rank } of outcomes)
    expectEqual(
      [result?.status, result?.clock.globalStep],
      ['stopped', 3],
      `status and step of rank ${rank.globalRank}`,
    )
}

async function checkResume(harness: StrategyHarness): Promise<void> {
  const straight = await play(harness, { ...BASE, epochs: 3 })
  const resumed = await play(harness, { ...BASE, epochs: 3, resumeAfter: 1 })
  for (const [index, outcome] of resumed.entries()) {
    expectEqual(outcome.losses, straight[index]?.losses, `losses of rank ${index}`)
    expectEqual(outcome.final, straight[index]?.final, `parameters of rank ${index}`)
  }
}

async function checkFailure(harness: StrategyHarness): Promise<void> {
  const failing = harness.worldSize - 1
  const outcomes = await play(harness, { ...BASE, failAt: { rank: failing, batch: 2 } })
  expectTrue(
    outcomes[failing]?.error?.message.includes('this rank fails') === true,
    'The failing rank hides its error.',
  )
  for (const { error, rank, tensorsLeft } of outcomes) {
    expectTrue(error !== undefined, `Rank ${rank.globalRank} did not fail, although rank ${failing} did.`)
    expectEqual(tensorsLeft, 0, `tensors that rank ${rank.globalRank} left`)
  }
}

async function checkLeaks(harness: StrategyHarness): Promise<void> {
  for (const scenario of Object.values(SCENARIOS))
    for (const { tensorsLeft, rank } of await play(harness, scenario))
      expectEqual(tensorsLeft, 0, `tensors that rank ${rank.globalRank} left`)
}
