import {
  assignPaths,
  type Callback,
  type DataModule,
  type Module,
  type RunKind,
  type StoredCheckpoint,
  type World,
} from '@levin/core'
import { defaultCallbacks, joinsFastDevRun } from '../callbacks/default-callbacks.js'
import { HookLists, stateKey } from '../hook-lists.js'
import type { OnRunEvent } from '../launch/run-events.js'
import type { ResolvedOptions } from '../resolve-options.js'
import type { ChosenPlugins } from '../setup/choose-plugins.js'
import { requireSupported } from '../setup/require-module.js'
import { settleAccelerator, settleCheckpointIO, settleLoggers, settleStrategy } from '../setup/settle-plugins.js'
import { amongRanks, onRankZero, together } from './agreement.js'
import { configureOptimizers } from './configured-optimizer.js'
import { isShared } from './ranks.js'
import { Run } from './run.js'
import { watchForStops } from './stops.js'

export interface LifecycleRequest {
  readonly kind: RunKind
  readonly module: Module
  readonly data: DataModule | undefined
  readonly options: ResolvedOptions
  readonly chosen: ChosenPlugins
  /** Absent: nobody else takes part. */
  readonly world: World | undefined
  /** Hears on global rank zero what happens. */
  readonly report: OnRunEvent | undefined
  readonly signal: AbortSignal | undefined
  /** Opens the checkpoint to begin from, once checkpoints can be read. */
  readonly checkpoint: ((run: Run) => Promise<StoredCheckpoint | undefined>) | undefined
  /** Where the run notes the checkpoints that it saves, newest first. */
  readonly saved: string[]
}

/**
 * A run from setup to teardown, around `body`. Whatever happens inside, devices, loggers, signals and optimizer state are
 * let go, and hooks hear of a failure.
 */
export async function withRun<T>(
  request: LifecycleRequest,
  body: (run: Run, stored: StoredCheckpoint | undefined) => Promise<T>,
): Promise<T> {
  const run = await createRun(request).catch((error: unknown) => {
    // Whoever the strategy has joined would wait for this rank.
    request.chosen.strategy?.fail?.(error)
    throw error
  })
  const unwatch = watchForStops(run, request.signal)
  let status: 'completed' | 'stopped' | 'aborted' | 'failed' = 'failed'
  try {
    const stored = await setUp(run, request)
    const result = await body(run, stored)
    await run.hooks.call('teardown', run.kind, run)
    await run.data?.teardown?.(run.kind, run)
    status = statusOf(run)
    return result
  } catch (error) {
    await reportException(run, error)
    throw error
  } finally {
    unwatch()
    await release(run, status)
  }
}

export const statusOf = (run: Run): 'completed' | 'stopped' | 'aborted' => {
  if (!run.stopRequest) return 'completed'
  return run.stopRequest.reason === 'aborted' ? 'aborted' : 'stopped'
}

async function createRun(request: LifecycleRequest): Promise<Run> {
  const { kind, module, data, options, chosen, world, report, saved } = request
  const checkpointIO = await settleCheckpointIO(chosen)
  const warnings: string[] = []
  const run = new Run({
    kind,
    module,
    data,
    options,
    platform: chosen.platform,
    accelerator: await settleAccelerator(chosen, (message) => warnings.push(message)),
    strategy: await settleStrategy(chosen, world),
    checkpointIO,
    loggers: options.fastDevRun ? [] : await settleLoggers(chosen),
    report,
    saved,
  })
  const reporters = report && run.isGlobalZero ? [await progressReporter(report)] : []
  const callbacks = mergeCallbacks(chosen.callbacks, module, [...(await defaultCallbacks(run)), ...reporters])
  run.hooks = new HookLists(options.fastDevRun ? callbacks.filter(joinsFastDevRun) : callbacks, module)
  for (const warning of warnings) run.announce(warning, 'warning')
  return run
}

const progressReporter = async (report: OnRunEvent): Promise<Callback> =>
  new (await import('../launch/progress-reporter.js')).ProgressReporter(report)

/** A callback of the module's replaces one of the Trainer's with the same key; what is given replaces the default. */
function mergeCallbacks(given: readonly Callback[], module: Module, defaults: readonly Callback[]): Callback[] {
  const own = module.configureCallbacks?.() ?? []
  const ownKeys = new Set(own.map(stateKey))
  const chosen = [...given.filter((callback) => !ownKeys.has(stateKey(callback))), ...own]
  const chosenNames = new Set(chosen.map(({ name }) => name))
  return [...defaults.filter(({ name }) => !chosenNames.has(name)), ...chosen]
}

async function setUp(run: Run, { checkpoint }: LifecycleRequest): Promise<StoredCheckpoint | undefined> {
  const { strategy, accelerator, module, data, loggers, platform, options } = run
  await strategy.setup({ accelerator, devices: options.devices, platform })
  const advice = accelerator.advice?.()
  if (advice) run.announce(advice, 'warning')
  await together(strategy, async () => {
    if (strategy.rank.localRank !== 0) return
    await data?.prepareData?.()
    await module.prepareData?.()
  })
  await onRankZero(strategy, async () => {
    for (const logger of loggers) await logger.setup({ platform, rootDir: options.defaultRootDir, isGlobalZero: true })
  })
  await run.settleFolder()
  await data?.setup?.(run.kind, run)
  await run.hooks.call('setup', run.kind, run)
  await module.configureModel?.()
  assignPaths(module)
  const { synchronousRead } = accelerator.capabilities
  await requireSupported(module, strategy, { synchronousRead, accumulate: options.accumulateGradBatches })
  if (run.kind === 'fit' && (strategy.inexact || strategy.dataShard.count > 1))
    (await amongRanks()).announceDifferences(run)
  const stored = await checkpoint?.(run)
  await strategy.materialise(module, { seed: options.seed })
  if (run.kind === 'fit') run.optimizers = await configureOptimizers(module)
  return stored
}

/** The other ranks hear of a failure, unless it is theirs too, and then the hooks; what goes wrong in them is said beside it, never instead of it. */
async function reportException(run: Run, error: unknown): Promise<void> {
  const tell = async (whom: string, report: () => unknown) => {
    try {
      await report()
    } catch (second) {
      run.announce(
        `${whom} failed while handling an error: ${second instanceof Error ? second.message : String(second)}`,
        'warning',
      )
    }
  }
  if (!isShared(error)) await tell('The strategy', () => run.strategy.fail?.(error))
  await tell('onException of a callback', () => run.hooks.call('onException', error, run))
  await tell('onException of the data module', () => run.data?.onException?.(error, run))
}

async function release(run: Run, status: 'completed' | 'stopped' | 'aborted' | 'failed'): Promise<void> {
  for (const { optimizer } of run.optimizers) optimizer.dispose()
  run.release()
  if (run.isGlobalZero) {
    for (const logger of run.loggers) {
      try {
        await logger.finalize(status)
      } catch (error) {
        run.announce(
          `The logger '${logger.name}' could not be closed: ${error instanceof Error ? error.message : String(error)}`,
          'warning',
        )
      }
    }
  }
  await run.strategy.teardown()
}
