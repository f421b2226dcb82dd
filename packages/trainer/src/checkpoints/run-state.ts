import {
  type Callback,
  type CheckpointContent,
  type Clock,
  type FeedbackState,
  LevinError,
  type LoggerPosition,
  type OptimizerState,
  type StoredCheckpoint,
  type TensorRecord,
} from '@levin/core'
import { stateKey } from '../hook-lists.js'
import type { FitLoop, FitPosition } from '../loops/fit-loop.js'
import type { Run } from '../run/run.js'

/** What `trainer.json` of a checkpoint holds. */
export interface RunState {
  readonly clock: Clock
  readonly seed: number
  readonly fit: FitPosition
  readonly optimizers: readonly OptimizerState[]
  readonly schedules: readonly (FeedbackState | null)[]
  readonly callbacks: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** In the order of the run's loggers. */
  readonly loggers: readonly { readonly name: string; readonly position: LoggerPosition }[]
  readonly metrics: Readonly<Record<string, number>>
  readonly data: Readonly<Record<string, unknown>> | null
  /** What `onSaveCheckpoint` hooks added. */
  readonly extra: Readonly<Record<string, unknown>>
}

/**
 * Everything of a checkpoint but its tensors. Every rank makes it, since hooks run on all; that of global rank zero is saved, and all
 * ranks get it back: states of callbacks and of the data module, the loader's position, positions of loggers.
 */
export async function summariseRun(
  run: Run,
  fit: FitLoop,
  weightsOnly: boolean,
): Promise<Pick<CheckpointContent, 'trainer' | 'manifest'>> {
  const loggers = run.isGlobalZero ? run.loggers : []
  // A position counts what is on disk.
  for (const logger of loggers) await logger.flush?.()
  const extra: Record<string, unknown> = {}
  run.hooks.call('onSaveCheckpoint', extra, run)
  const state: RunState = {
    clock: { ...run.clock },
    seed: run.options.seed,
    fit: fit.position(),
    optimizers: run.optimizers.map(({ optimizer }) => optimizer.state()),
    schedules: run.optimizers.map(({ feedback }) => feedback ?? null),
    callbacks: callbackStates(run.hooks.callbacks),
    loggers: loggers.map((logger) => ({ name: logger.name, position: logger.position() })),
    metrics: finiteOnly(run.metrics),
    data: run.data?.state?.() ?? null,
    extra,
  }
  return {
    trainer: weightsOnly ? {} : { ...state },
    manifest: {
      globalStep: run.clock.globalStep,
      epoch: run.clock.epoch,
      weightsOnly,
      module: run.module.constructor.name,
      hparams: run.module.hparams ?? {},
      mesh: run.strategy.mesh,
      kernelFingerprint: run.accelerator.fingerprint(),
      runtime: run.platform.runtime,
    },
  }
}

function callbackStates(callbacks: readonly Callback[]): Record<string, Readonly<Record<string, unknown>>> {
  const states: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const callback of callbacks) {
    const state = callback.state?.()
    if (!state) continue
    const key = stateKey(callback)
    if (key in states) {
      throw new LevinError('LEVIN_CALLBACK', {
        message: `Two callbacks keep their state under '${key}'.`,
        remedy: 'Give one of them a stateKey of its own.',
      })
    }
    states[key] = state
  }
  return states
}

// JSON has no NaN; what cannot be written is read again soon.
const finiteOnly = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)))

/** Puts weights back. @throws LEVIN_CHECKPOINT_MISMATCH */
export async function restoreWeights(run: Run, stored: StoredCheckpoint): Promise<void> {
  await run.strategy.loadModelState(run.module, stored.model, { strict: true })
}

/** Puts back everything but the weights. Optimizers must be configured. */
export async function restoreRun(run: Run, fit: FitLoop, stored: StoredCheckpoint): Promise<void> {
  const state = requireRunState(stored)
  if (state.optimizers.length !== run.optimizers.length) {
    throw new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
      message: `The checkpoint '${stored.location}' is of a run with ${state.optimizers.length} optimizers; this one has ${run.optimizers.length}.`,
    })
  }
  announceInexact(run, state, stored)
  run.hooks.call('onLoadCheckpoint', state.extra, run)
  for (const [index, configured] of run.optimizers.entries()) {
    const records = withPrefix(stored.optimizer ?? new Map(), `${index}/`)
    await run.strategy.loadOptimizerState(configured.optimizer, state.optimizers[index] as OptimizerState, records)
    configured.feedback = state.schedules[index] ?? configured.feedback
  }
  for (const callback of run.hooks.callbacks) {
    const own = state.callbacks[stateKey(callback)]
    if (own) callback.loadState?.(own)
  }
  if (state.data) run.data?.loadState?.(state.data)
  Object.assign(run.clock, state.clock)
  Object.assign(run.metrics, state.metrics)
  fit.resume(state.fit)
  for (const [index, logger] of (run.isGlobalZero ? run.loggers : []).entries()) {
    const stored = state.loggers[index]
    if (stored?.name === logger.name) await logger.rewind?.(stored.position)
  }
}

function requireRunState(stored: StoredCheckpoint): RunState {
  if (!stored.facts.weightsOnly && 'clock' in stored.trainer) return stored.trainer as unknown as RunState
  throw new LevinError('LEVIN_CHECKPOINT_MISMATCH', {
    message: `The checkpoint '${stored.location}' holds weights only, so a run cannot go on from it.`,
    remedy: 'Load the weights with loadModule(), or resume from a checkpoint that was saved without weightsOnly.',
  })
}

/** Bit for bit means: same seed, kernels, runtime and mesh. What differs is said before the run goes on. */
function announceInexact(run: Run, state: RunState, { facts }: StoredCheckpoint): void {
  const differences = [
    facts.kernelFingerprint !== run.accelerator.fingerprint() &&
      `kernels (${facts.kernelFingerprint} then, ${run.accelerator.fingerprint()} now)`,
    facts.runtime !== run.platform.runtime && `runtime (${facts.runtime} then, ${run.platform.runtime} now)`,
    state.seed !== run.options.seed && `seed (${state.seed} then, ${run.options.seed} now)`,
    JSON.stringify(facts.mesh) !== JSON.stringify(run.strategy.mesh) && 'mesh',
  ].filter(Boolean)
  if (differences.length)
    run.announce(
      `This run goes on, but not bit for bit: the checkpoint was made with another ${differences.join(', ')}.`,
      'warning',
    )
  const partial = state.clock.batchIndex > 0 && !state.fit.epochEnded
  if (partial) run.announce('The checkpoint lies within an epoch: metrics of that epoch count from here.', 'warning')
}

function withPrefix(records: ReadonlyMap<string, TensorRecord>, prefix: string): Map<string, TensorRecord> {
  const own = [...records].filter(([name]) => name.startsWith(prefix))
  return new Map(
    own.map(([name, record]) => [name.slice(prefix.length), { ...record, name: name.slice(prefix.length) }]),
  )
}
