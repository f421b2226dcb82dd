import type { DataModule, Module, RunKind, StoredCheckpoint, World } from '@levin/core'
import { checkpointCode } from '../checkpoints/load.js'
import { EvaluationLoop } from '../loops/evaluation-loop.js'
import type { ResolvedOptions } from '../resolve-options.js'
import type { EvaluationResult, FitResult, PredictionResult } from '../result.js'
import type { ChosenPlugins } from '../setup/choose-plugins.js'
import { loadersOf } from '../setup/loaders.js'
import { oneRunAtATime } from '../setup/one-run-at-a-time.js'
import { survivingLosses } from './device-loss.js'
import { fitRun } from './fit-run.js'
import { statusOf, withRun } from './lifecycle.js'
import type { Run } from './run.js'
import type { PredictOptions } from './run-options.js'

/** A run that this thread does, alone or as one of several ranks. */
export interface Execution {
  readonly module: Module
  readonly data: DataModule | undefined
  readonly options: ResolvedOptions
  readonly chosen: ChosenPlugins
  readonly runOptions: PredictOptions
  /** Absent: nobody else takes part. */
  readonly world?: World | undefined
  /** Places to begin from before `ckptPath`: the first that holds a whole checkpoint. */
  readonly candidates?: readonly string[]
}

/** What a run of each kind comes to. */
export interface Results {
  readonly fit: FitResult
  readonly validate: EvaluationResult
  readonly test: EvaluationResult
  readonly predict: PredictionResult
}

type Body<K extends RunKind> = (
  run: Run,
  stored: StoredCheckpoint | undefined,
  options: PredictOptions,
) => Promise<Results[K]>

async function restore(run: Run, stored: StoredCheckpoint | undefined): Promise<void> {
  if (stored) await (await checkpointCode()).restoreWeights(run, stored)
}

const evaluate =
  (stage: 'validate' | 'test'): Body<'validate'> & Body<'test'> =>
  async (run, stored) => {
    await restore(run, stored)
    const loaders = await loadersOf(run, stage)
    await new EvaluationLoop(run, { stage, loaders, limit: run.options.limits[stage] }).run()
    return { status: statusOf(run), metrics: { ...run.metrics }, runFolder: run.runFolder, rank: run.rank }
  }

const predict: Body<'predict'> = async (run, stored, { returnPredictions = true }) => {
  const { PredictionLoop } = await import('../loops/prediction-loop.js')
  await restore(run, stored)
  const loaders = await loadersOf(run, 'predict')
  const limit = run.options.limits.predict
  const keep = returnPredictions && run.strategy.speaks !== false
  const predictions = await new PredictionLoop(run, { loaders, limit, keep }).run()
  return {
    status: statusOf(run),
    metrics: { ...run.metrics },
    runFolder: run.runFolder,
    rank: run.rank,
    predictions: returnPredictions ? predictions : [],
  }
}

const BODIES: { readonly [K in RunKind]: Body<K> } = {
  fit: fitRun,
  validate: evaluate('validate'),
  test: evaluate('test'),
  predict,
}

/** Does a run in this thread, from setup to teardown. */
export function execute<K extends RunKind>(kind: K, execution: Execution): Promise<Results[K]> {
  const { module, data, options, chosen, runOptions, world, candidates = [] } = execution
  const { signal, ckptPath, onEvent } = runOptions
  const { platform } = chosen
  const saved: string[] = []
  const checkpoint = async (run: Run) => {
    const places = [...saved, ...candidates]
    if (places.length === 0 && ckptPath === undefined) return undefined
    const { openCheckpoint, openFirstWhole } = await checkpointCode()
    const whole = places.length > 0 ? await openFirstWhole(run, places) : undefined
    return whole ?? (ckptPath === undefined ? undefined : openCheckpoint(run, ckptPath))
  }
  const request = { kind, module, data, options, chosen, world, signal, report: onEvent, checkpoint, saved }
  const attempt = () => withRun(request, (run, stored) => BODIES[kind](run, stored, runOptions))
  // Ranks of a run with several are started again by whoever started them.
  const maxRestarts = world ? 0 : options.maxRestarts
  return oneRunAtATime(kind, () => survivingLosses({ kind, module, platform, maxRestarts, signal, saved }, attempt))
}
