import {
  anyText,
  type Callback,
  definePlugin,
  type EpochRunContext,
  flag,
  oneOf,
  optionsSchema,
  type StepRunContext,
} from '@levin/core'

export interface LearningRateMonitorOptions {
  /** Log at each step or once per epoch. Default: the interval of each schedule. */
  readonly loggingInterval?: 'step' | 'epoch'
  /** Put before the names. Default `''`. */
  readonly logKeyPrefix?: string
  /** Log the weight decay of each group too, as `<name>-weightDecay`. Default `false`. */
  readonly logWeightDecay?: boolean
}

/** Logs the learning rate of every optimizer and parameter group. */
export class LearningRateMonitor implements Callback {
  readonly name = 'learningRateMonitor'
  readonly #options: LearningRateMonitorOptions

  constructor(options: LearningRateMonitorOptions = {}) {
    this.#options = options
  }

  onTrainBatchStart(_batch: unknown, _index: number, run: StepRunContext): void {
    this.#log(run, 'step', (name, value) => run.log(name, value, { onStep: true, onEpoch: false }))
  }

  onTrainEpochStart(run: EpochRunContext): void {
    this.#log(run, 'epoch', (name, value) => run.log(name, value))
  }

  #log(
    run: EpochRunContext | StepRunContext,
    interval: 'step' | 'epoch',
    log: (name: string, value: number) => void,
  ): void {
    const { loggingInterval, logKeyPrefix = '', logWeightDecay } = this.#options
    for (const view of run.optimizers) {
      if ((loggingInterval ?? view.interval) !== interval) continue
      const { groups } = view.optimizer
      for (const [index, group] of groups.entries()) {
        const name = `${logKeyPrefix}${view.name}${groups.length > 1 ? `/${group.name ?? `group${index}`}` : ''}`
        log(name, group.learningRate)
        if (logWeightDecay && group.weightDecay !== undefined) log(`${name}-weightDecay`, group.weightDecay)
      }
    }
  }
}

/** Logs the learning rate of every optimizer and parameter group. */
export const learningRateMonitor = /* @__PURE__ */ definePlugin({
  kind: 'callback',
  name: 'learningRateMonitor',
  apiVersion: 1,
  schema: optionsSchema<LearningRateMonitorOptions>({
    loggingInterval: oneOf('step', 'epoch'),
    logKeyPrefix: anyText,
    logWeightDecay: flag,
  }),
  create: (options: LearningRateMonitorOptions) => new LearningRateMonitor(options),
})
