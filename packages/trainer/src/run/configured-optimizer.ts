import type { FeedbackState, Module, Optimizer, OptimizerView, OptimizerWithSchedule } from '@levin/core'
import { feedbackCode } from './feedback-code.js'
import { refusals } from './refusals.js'

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
export async function configureOptimizers(module: Module): Promise<ConfiguredOptimizer[]> {
  const result = module.configureOptimizers?.()
  const list = Array.isArray(result) ? (result as readonly unknown[]) : [result]
  if (!result || !list.length) throw (await refusals()).notAnOptimizer(module, result)
  const configured: ConfiguredOptimizer[] = []
  for (const item of list) configured.push(await configure(module, item))
  if (configured.some(({ feedback }) => feedback)) await feedbackCode()
  if (configured.length > 1 && module.automaticOptimization)
    throw (await refusals()).severalOptimizers(module, configured.length)
  return uniquelyNamed(configured)
}

async function configure(module: Module, item: unknown): Promise<ConfiguredOptimizer> {
  const long: OptimizerWithSchedule | undefined = isLongForm(item) ? item : undefined
  const optimizer = long ? long.optimizer : item
  if (!isOptimizer(optimizer)) throw (await refusals()).notAnOptimizer(module, optimizer)
  const own = new Set(module.parameters())
  const foreign = optimizer.groups.flatMap(({ parameters }) => parameters).find((parameter) => !own.has(parameter))
  if (foreign) throw (await refusals()).foreignParameter(module, optimizer, foreign)
  const schedule = long?.schedule
  await requireSchedule(schedule, long)
  const frequency = long?.frequency ?? 1
  if (!Number.isSafeInteger(frequency) || frequency < 1) throw (await refusals()).badFrequency(frequency)
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

const INTERVALS: readonly unknown[] = [undefined, 'step', 'epoch']

async function requireSchedule(schedule: unknown, long: OptimizerWithSchedule | undefined): Promise<void> {
  if (!INTERVALS.includes(long?.interval)) throw (await refusals()).badInterval(long?.interval)
  const { kind, factor, observe } = (schedule ?? {}) as Partial<Record<'kind' | 'factor' | 'observe', unknown>>
  const fits = { pure: typeof factor === 'function', feedback: typeof observe === 'function' }[String(kind)]
  if (schedule !== undefined && !fits) throw (await refusals()).notASchedule(schedule)
  if (kind === 'feedback' && !long?.monitor) throw (await refusals()).noMonitor(String(long?.schedule?.name))
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
