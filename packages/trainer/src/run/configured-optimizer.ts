import {
  describe,
  type FeedbackState,
  LevinError,
  type Module,
  type Optimizer,
  type OptimizerView,
  type OptimizerWithSchedule,
} from '@levin/core'

/** An optimizer of the run with its schedule and where that stands. */
export interface ConfiguredOptimizer extends OptimizerView {
  readonly frequency: number
  readonly monitor: string | undefined
  readonly strict: boolean
  /** State of a schedule with feedback. */
  feedback: FeedbackState | undefined
}

/**
 * Calls `configureOptimizers` and brings its result into one form.
 *
 * @throws LEVIN_INVALID_MODULE naming what is wrong with the result
 */
export function configureOptimizers(module: Module): ConfiguredOptimizer[] {
  const result = module.configureOptimizers?.()
  const list = Array.isArray(result) ? (result as readonly unknown[]) : [result]
  if (!result || !list.length) throw invalid(module, describe(result))
  const configured = list.map((item) => configure(module, item))
  if (configured.length > 1 && module.automaticOptimization) {
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `${module.constructor.name}.configureOptimizers() returned ${configured.length} optimizers.`,
      remedy:
        'Several optimizers need manual optimization: set automaticOptimization = false and call step.backward() and the optimizers in trainingStep.',
    })
  }
  return uniquelyNamed(configured)
}

function configure(module: Module, item: unknown): ConfiguredOptimizer {
  const long: OptimizerWithSchedule | undefined = isLongForm(item) ? item : undefined
  const optimizer = long ? long.optimizer : item
  if (!isOptimizer(optimizer)) throw invalid(module, describe(optimizer))
  requireOwnParameters(module, optimizer)
  const schedule = long?.schedule
  requireSchedule(schedule, long?.interval)
  if (schedule?.kind === 'feedback' && !long?.monitor) {
    throw new LevinError('LEVIN_INVALID_MODULE', {
      message: `The schedule '${schedule.name}' answers to a metric, and none is named.`,
      remedy: "Add monitor: 'val/loss' (or another name you log) beside the schedule in configureOptimizers().",
    })
  }
  const frequency = long?.frequency ?? 1
  if (!Number.isSafeInteger(frequency) || frequency < 1) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      expected: 'a schedule frequency of at least 1',
      found: String(frequency),
    })
  }
  return {
    optimizer,
    name: long?.name ?? `lr-${optimizer.name}`,
    schedule,
    interval: long?.interval ?? schedule?.interval ?? 'epoch',
    frequency,
    monitor: long?.monitor,
    strict: long?.strict ?? true,
    feedback: schedule?.kind === 'feedback' ? schedule.initialState() : undefined,
  }
}

/** What no field of the module holds would get no value, and be in no checkpoint. */
function requireOwnParameters(module: Module, optimizer: Optimizer): void {
  const own = new Set(module.parameters())
  const foreign = optimizer.groups.flatMap(({ parameters }) => parameters).find((parameter) => !own.has(parameter))
  if (!foreign) return
  throw new LevinError('LEVIN_INVALID_MODULE', {
    message: `The optimizer '${optimizer.name}' trains a parameter of shape [${foreign.shape.join(', ')}] that ${module.constructor.name} does not hold.`,
    remedy:
      'Give it this.parameters(), or keep the layer in a field of the module. Private #fields cannot be seen by a walk over it.',
  })
}

const INTERVALS: readonly unknown[] = [undefined, 'step', 'epoch']

function requireSchedule(schedule: unknown, interval: unknown): void {
  if (!INTERVALS.includes(interval)) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      expected: "the interval of a schedule to be 'step' or 'epoch'",
      found: describe(interval),
    })
  }
  const { kind, factor, observe } = (schedule ?? {}) as Partial<Record<'kind' | 'factor' | 'observe', unknown>>
  const fits = { pure: typeof factor === 'function', feedback: typeof observe === 'function' }[String(kind)]
  if (schedule === undefined || fits) return
  throw new LevinError('LEVIN_INVALID_MODULE', {
    message: 'What configureOptimizers() returned as a schedule is none.',
    expected: 'one of @levin/optim, such as cosine({ steps: 1000 }), or customSchedule(…)',
    found: describe(schedule),
  })
}

const isLongForm = (item: unknown): item is OptimizerWithSchedule =>
  typeof item === 'object' && item !== null && 'optimizer' in item && 'schedule' in item

const isOptimizer = (value: unknown): value is Optimizer =>
  typeof value === 'object' && value !== null && 'groups' in value && typeof (value as Optimizer).step === 'function'

function uniquelyNamed(optimizers: ConfiguredOptimizer[]): ConfiguredOptimizer[] {
  const counts = new Map<string, number>()
  return optimizers.map((configured) => {
    const count = counts.get(configured.name) ?? 0
    counts.set(configured.name, count + 1)
    return count === 0 ? configured : { ...configured, name: `${configured.name}-${count}` }
  })
}

const invalid = (module: Module, found: string): LevinError =>
  new LevinError('LEVIN_INVALID_MODULE', {
    message: `${module.constructor.name}.configureOptimizers() returned no optimizer.`,
    expected: 'an optimizer, { optimizer, schedule }, or an array of these',
    found,
    remedy: 'Return one of @levin/optim, for example adamW(this.parameters(), { learningRate: 1e-3 }).',
  })
