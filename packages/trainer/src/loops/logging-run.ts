import type { EpochRunContext, StepRunContext } from '@levin/core'
import { EPOCH, EVALUATION_STEP, type LogDefaults, TRAINING_STEP } from '../logging/log-entry.js'
import type { LogStore } from '../logging/log-store.js'
import type { Run } from '../run/run.js'
import { Logging } from './scopes.js'

/** The run as hooks see it where logging means something: the run itself, with `log` added. */
function loggingRun(run: Run, store: LogStore, defaults: LogDefaults): StepRunContext {
  const logging = new Logging(store, defaults, () => run.batchSamples)
  // A view and not a copy, so that properties stay current; private fields need the run itself as `this`.
  return new Proxy(run, {
    get(target, key) {
      if (key === 'log') return logging.log.bind(logging)
      if (key === 'logAll') return logging.logAll.bind(logging)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as unknown as StepRunContext
}

export const trainingHookRun = (run: Run, store: LogStore): StepRunContext => loggingRun(run, store, TRAINING_STEP)
export const evaluationHookRun = (run: Run, store: LogStore): StepRunContext => loggingRun(run, store, EVALUATION_STEP)
export const epochHookRun = (run: Run, store: LogStore): EpochRunContext => loggingRun(run, store, EPOCH)
