import {
  type Callback,
  engineMemory,
  type GradientClipping,
  LevinError,
  type RankDescription,
  type SliceLayout,
  type Strategy,
} from '@levin/core'
import { BoringLoader } from './boring-loader.js'
import { type BoringBatch, BoringModule } from './boring-module.js'
import type { Fit, FitOutcome } from './fit.js'
import { MemoryCheckpoints } from './memory-checkpoints.js'
import { TestPlatform } from './test-platform.js'

/** A small training, as plain data: it travels to wherever the ranks are. */
export interface StrategyScenario {
  readonly epochs: number
  readonly batches: number
  /** Samples of a global batch, over all ranks. */
  readonly batchSize: number
  readonly lastBatchSize: number
  readonly accumulate: number
  readonly clipping?: GradientClipping
  /** One rank alone asks for a stop. */
  readonly stopAt?: { readonly rank: number; readonly globalStep: number }
  /** One rank alone fails. */
  readonly failAt?: { readonly rank: number; readonly batch: number }
  /** Ends after so many epochs, and goes on from its checkpoint with new objects. */
  readonly resumeAfter?: number
}

/** A tensor as one rank holds it. */
export interface HeldTensor {
  readonly name: string
  readonly layout: SliceLayout
  readonly values: readonly number[]
}

/** What one rank saw. Plain data. */
export interface StrategyOutcome {
  readonly rank: RankDescription
  readonly dataShard: { readonly rank: number; readonly count: number }
  /** Per batch, of this rank's part. */
  readonly losses: readonly { readonly loss: number; readonly weight: number }[]
  readonly initial: readonly HeldTensor[]
  readonly final: readonly HeldTensor[]
  readonly result: FitOutcome | undefined
  readonly error: { readonly message: string; readonly code: string | undefined } | undefined
  /** Tensors left after the module was disposed. */
  readonly tensorsLeft: number
  /** `reduce` of rank + 1 by each operation, and what rank 0 broadcast. */
  readonly collective: { sum: number; min: number; max: number; gather: unknown; broadcast: unknown } | undefined
}

export interface RankOptions {
  /** A new strategy, connected as this rank. Called once per run of the scenario. */
  createStrategy(): Strategy
  readonly fit: Fit
}

interface Notes {
  losses: { loss: number; weight: number }[]
  /** Of the first run. A rank may hold none. */
  initial: HeldTensor[] | undefined
  final: HeldTensor[]
  collective: StrategyOutcome['collective']
}

/** Plays a scenario as one rank. Whoever starts the ranks calls this on each of them. */
export async function playScenario(
  scenario: StrategyScenario,
  { createStrategy, fit }: RankOptions,
): Promise<StrategyOutcome> {
  const before = engineMemory().tensors
  const notes: Notes = { losses: [], initial: undefined, final: [], collective: undefined }
  const checkpointIO = new MemoryCheckpoints()
  const { resumeAfter } = scenario
  let strategy = createStrategy()
  let result: FitOutcome | undefined
  let error: StrategyOutcome['error']
  try {
    if (resumeAfter !== undefined) {
      await playRun({ ...scenario, epochs: resumeAfter }, strategy, fit, notes, checkpointIO)
      strategy = createStrategy()
    }
    const ckptPath = resumeAfter === undefined ? undefined : `epoch-${resumeAfter - 1}`
    result = await playRun(scenario, strategy, fit, notes, checkpointIO, ckptPath)
  } catch (reason) {
    error = {
      message: reason instanceof Error ? reason.message : String(reason),
      code: LevinError.isInstance(reason) ? reason.code : undefined,
    }
  }
  const { rank, dataShard } = strategy
  return {
    ...notes,
    initial: notes.initial ?? [],
    rank: { ...rank },
    dataShard: { rank: dataShard.rank, count: dataShard.count },
    result,
    error,
    tensorsLeft: engineMemory().tensors - before,
  }
}

class ScenarioModule extends BoringModule {
  readonly #scenario: StrategyScenario
  readonly #rank: number

  constructor(scenario: StrategyScenario, rank: number) {
    super({ learningRate: 0.2 })
    this.#scenario = scenario
    this.#rank = rank
  }

  override loss(batch: BoringBatch, step: Parameters<BoringModule['loss']>[1]) {
    const { failAt } = this.#scenario
    if (step.training && failAt?.rank === this.#rank && failAt.batch === step.batchIndex)
      throw new Error('this rank fails')
    return super.loss(batch, step)
  }
}

async function playRun(
  scenario: StrategyScenario,
  strategy: Strategy,
  train: Fit,
  notes: Notes,
  checkpointIO: MemoryCheckpoints,
  ckptPath?: string,
): Promise<FitOutcome> {
  const { batches, batchSize, lastBatchSize, clipping, epochs, accumulate } = scenario
  const module = new ScenarioModule(scenario, strategy.rank.globalRank)
  const loader = () => new BoringLoader({ batches, batchSize, lastBatchSize })
  try {
    return await train({
      module,
      data: { train: loader(), validate: loader() },
      callbacks: [noting(scenario, strategy, module, notes, checkpointIO)],
      strategy,
      maxEpochs: epochs,
      accumulateGradBatches: accumulate,
      seed: 3,
      platform: new TestPlatform({ tick: 1 }),
      checkpointIO,
      ...(clipping ? { clipping } : {}),
      ...(ckptPath === undefined ? {} : { ckptPath }),
    })
  } finally {
    module.dispose()
  }
}

function noting(
  scenario: StrategyScenario,
  strategy: Strategy,
  module: BoringModule,
  notes: Notes,
  checkpoints: MemoryCheckpoints,
): Callback {
  const { globalRank } = strategy.rank
  return {
    name: 'scenarioNotes',
    order: 'last',
    async onTrainStart() {
      notes.initial ??= await heldTensors(strategy, module)
      const { rank: shard } = strategy.dataShard
      const own = Float64Array.of(shard + 1)
      const reduce = async (operation: 'sum' | 'min' | 'max') =>
        (await strategy.reduce(own.slice(), operation))[0] ?? Number.NaN
      notes.collective = {
        sum: await reduce('sum'),
        min: await reduce('min'),
        max: await reduce('max'),
        gather: await strategy.gather({ from: shard }),
        broadcast: await strategy.broadcast({ from: globalRank }),
      }
      await strategy.barrier('conformance')
    },
    async onTrainBatchEnd({ loss, weight }, _batch, _index, run) {
      notes.losses.push({ loss: (await loss?.data())?.[0] ?? Number.NaN, weight })
      const { stopAt } = scenario
      if (stopAt?.rank === globalRank && run.clock.globalStep >= stopAt.globalStep)
        run.requestStop('requested', 'enough')
    },
    async onTrainEpochEnd(run) {
      const location = `epoch-${run.clock.epoch}`
      await run.saveCheckpoint(location)
      // Each rank has a memory of its own, and all load from it what one has saved.
      const saved = await strategy.broadcast(globalRank === 0 ? await checkpoints.send(location) : undefined)
      if (globalRank !== 0 && saved) checkpoints.receive(saved)
    },
    async onTrainEnd() {
      notes.final = await heldTensors(strategy, module)
    },
  }
}

async function heldTensors(strategy: Strategy, module: BoringModule): Promise<HeldTensor[]> {
  const held: HeldTensor[] = []
  for await (const { name, shape, slice, data } of strategy.modelState(module)) {
    const whole = { globalShape: shape, start: shape.map(() => 0), shape }
    held.push({ name, layout: slice ?? whole, values: [...(await data())] })
  }
  return held
}

/** The whole tensors from what all ranks hold, by name. */
export function assembled(all: readonly (readonly HeldTensor[])[]): Map<string, Float64Array> {
  const whole = new Map<string, Float64Array>()
  for (const { name, layout, values } of all.flat()) {
    const { globalShape, start, shape } = layout
    const size = globalShape.reduce((product, extent) => product * extent, 1)
    const target = whole.get(name) ?? new Float64Array(size).fill(Number.NaN)
    whole.set(name, target)
    for (const [index, value] of values.entries()) {
      let rest = index
      let offset = 0
      let stride = 1
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const extent = shape[axis] as number
        offset += ((rest % extent) + (start[axis] as number)) * stride
        rest = Math.floor(rest / extent)
        stride *= globalShape[axis] as number
      }
      target[offset] = value
    }
  }
  return whole
}
