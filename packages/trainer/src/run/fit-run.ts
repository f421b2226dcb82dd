import { isInexact, type StoredCheckpoint } from '@levin/core'
import { checkpointKeeper } from '../callbacks/roles.js'
import { checkpointCode } from '../checkpoints/load.js'
import { FitLoop } from '../loops/fit-loop.js'
import type { FitResult } from '../result.js'
import { fitData } from '../setup/fit-data.js'
import { statusOf } from './lifecycle.js'
import type { Run } from './run.js'

/** What `fit` does between setup and teardown. */
export async function fitRun(run: Run, stored: StoredCheckpoint | undefined): Promise<FitResult> {
  const fit = await prepare(run, stored)
  await run.hooks.call('onFitStart', run)
  logHyperparameters(run)
  await fit.run()
  await run.hooks.call('onFitEnd', run)
  return resultOf(run)
}

async function prepare(run: Run, stored: StoredCheckpoint | undefined): Promise<FitLoop> {
  if (run.options.unlimitedByDefault) run.announce('maxEpochs was not set: training for 1000 epochs.', 'warning')
  announceWallClock(run)
  const fit = new FitLoop(run, await fitData(run))
  run.checkpoints = {
    save: async (location, options) => (await checkpointCode()).saveRun(run, fit, location, options),
  }
  if (run.checkpointIO.name !== 'none') await checkpointCode()
  if (stored) {
    const { restoreRun, restoreWeights } = await checkpointCode()
    await restoreWeights(run, stored)
    await restoreRun(run, fit, stored)
  }
  return fit
}

/** What the wall clock decides cannot be repeated exactly; whoever relies on that should know it now. */
function announceWallClock(run: Run): void {
  const { options } = run
  const named = [
    options.maxTime !== Infinity && 'maxTime',
    isInexact(options.valCheckInterval) && 'valCheckInterval',
  ].filter(Boolean)
  if (named.length) run.announce(`${named.join(' and ')}: by the wall clock, so this run cannot be repeated exactly.`)
}

function logHyperparameters(run: Run): void {
  const hyperparameters = { ...run.data?.hparams, ...run.module.hparams }
  if (run.isGlobalZero) for (const logger of run.loggers) logger.logHyperparameters(hyperparameters)
}

function resultOf(run: Run): FitResult {
  const checkpoint = checkpointKeeper(run.hooks.callbacks)
  const facts = {
    metrics: { ...run.metrics },
    runFolder: run.runFolder,
    rank: run.rank,
    clock: { ...run.clock },
    bestCheckpoint: checkpoint?.bestModelPath,
    lastCheckpoint: checkpoint?.lastModelPath,
  }
  const status = statusOf(run)
  const message = run.stopRequest?.message ?? ''
  if (status === 'completed') return { ...facts, status }
  if (status === 'aborted') return { ...facts, status, reason: 'aborted', message }
  return { ...facts, status, reason: run.stopRequest?.reason ?? 'requested', message }
}
