import {
  type Accelerator,
  type AnyPlugin,
  availabilityOf,
  type Callback,
  type CheckpointIO,
  type Choice,
  type ClusterEnvironment,
  CurrentBackend,
  currentPlatform,
  describe,
  instantiate,
  type Kind,
  type Launcher,
  LevinError,
  type Logger,
  noCheckpoints,
  type Platform,
  type ProcessGroupFactory,
  pickAvailable,
  pluginsOf,
  recipeOf,
  requireAvailable,
  resolve,
  SingleDevice,
  type Strategy,
  type World,
} from '@levin/core'
import type { TrainerOptions } from '../trainer-options.js'

/** The parts that a Trainer was asked for. `undefined`: `'auto'`, settled when a run begins. */
export interface ChosenPlugins {
  readonly plugins: readonly AnyPlugin[]
  readonly accelerator: Accelerator | undefined
  readonly strategy: Strategy | undefined
  readonly loggers: readonly Logger[] | undefined
  readonly callbacks: readonly Callback[]
  readonly checkpointIO: CheckpointIO | undefined
  readonly launcher: Launcher | undefined
  /** `false`: nobody else has started this process, whatever its variables say. */
  readonly clusterEnvironment: ClusterEnvironment | false | undefined
  readonly collective: ProcessGroupFactory | undefined
  readonly platform: Platform
}

// biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
export function choosePlugins(options: TrainerOptions<any>): ChosenPlugins {
  const plugins = requirePlugins(options.plugins ?? [])
  const choose = <K extends Kind>(kind: K, choice: unknown) =>
    resolve(kind, (choice ?? 'auto') as Choice<K>, plugins as [])
  return {
    plugins,
    accelerator: shaped('accelerator', choose('accelerator', options.accelerator), 'setup'),
    strategy: shaped('strategy', choose('strategy', options.strategy), 'step'),
    loggers:
      options.loggers === false
        ? []
        : options.loggers?.map((choice: unknown) => named('logger', choose('logger', choice), 'logMetrics')),
    callbacks: (options.callbacks ?? []).map((choice: unknown) => named('callback', choose('callback', choice))),
    checkpointIO: shaped('checkpointIO', choose('checkpointIO', options.checkpointIO), 'save'),
    launcher: shaped('launcher', choose('launcher', options.launcher), 'launch'),
    clusterEnvironment:
      options.clusterEnvironment === false
        ? false
        : shaped('cluster environment', choose('clusterEnvironment', options.clusterEnvironment), 'detect'),
    collective: shaped('collective', choose('collective', options.collective), 'connect'),
    platform: shaped('platform', options.platform, 'now') ?? currentPlatform(),
  }
}

function requirePlugins(plugins: readonly unknown[]): readonly AnyPlugin[] {
  const index = plugins.findIndex((plugin) => typeof plugin !== 'function' || !('kind' in plugin && 'create' in plugin))
  if (index === -1) return plugins as readonly AnyPlugin[]
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `Item ${index} of the Trainer option 'plugins' is no plugin.`,
    expected: 'what definePlugin() gives',
    found: describe(plugins[index]),
    remedy: 'List the plugin itself, as in plugins: [cpu], and choose it by its name.',
  })
}

function shaped<T extends object>(kind: string, instance: T | undefined, method: string): T | undefined {
  if (!instance || typeof (instance as Record<string, unknown>)[method] === 'function') return instance
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `This is no ${kind}.`,
    expected: `an object with ${method}()`,
    found: describe(instance),
  })
}

function named<T extends object>(kind: string, instance: T | undefined, method?: string): T {
  if (instance) return method ? (shaped(kind, instance, method) as T) : instance
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `'auto' names no ${kind}.`,
    remedy: `Name the ${kind}, or pass one.`,
  })
}

/**
 * The accelerator of a run: the chosen one, the best that is available, one that is meant to be named if nothing else
 * works, or whatever tfjs has.
 *
 * @param warn told once when it had to be something slow
 */
export async function settleAccelerator(
  { accelerator, plugins }: ChosenPlugins,
  warn: (message: string) => void,
): Promise<Accelerator> {
  if (accelerator) {
    await requireAvailable('accelerator', recipeOf(accelerator), plugins)
    return accelerator
  }
  const best = await pickAvailable('accelerator', plugins)
  if (best) return best
  const slow = await pickAvailable('accelerator', plugins, { lastResort: true })
  if (slow) warn(`Nothing faster than '${recipeOf(slow)?.name}' is available here. ${await reasons(plugins)}`)
  return slow ?? new CurrentBackend()
}

/** Why the registered accelerators cannot run. */
async function reasons(plugins: readonly AnyPlugin[]): Promise<string> {
  const all = pluginsOf('accelerator', plugins).map(async (plugin) => {
    const availability = await availabilityOf(plugin)
    return availability.ok ? '' : `'${plugin.name}': ${availability.reason} ${availability.remedy}`
  })
  return (await Promise.all(all)).filter(Boolean).join(' ')
}

/**
 * The chosen strategy, or the one of highest priority that can use all ranks, as the strategy of this rank.
 *
 * @throws LEVIN_NOT_SUPPORTED if the chosen one cannot
 */
export async function settleStrategy(
  { strategy, plugins }: ChosenPlugins,
  world: World | undefined,
): Promise<Strategy> {
  const worldSize = world?.rank.worldSize ?? 1
  const settled: Strategy = strategy ?? (worldSize > 1 ? automaticStrategy(plugins, worldSize) : new SingleDevice())
  if (strategy) await requireAvailable('strategy', recipeOf(strategy), plugins)
  requireWorldSize(settled, worldSize)
  if (world && worldSize > 1) settled.join?.(world)
  return settled
}

/** @throws LEVIN_NOT_SUPPORTED */
export function requireWorldSize({ name, capabilities, join }: Strategy, worldSize: number): void {
  if (worldSize === 1 || (capabilities.maxDevices >= worldSize && join)) return
  const most = join ? capabilities.maxDevices : 1
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The run has ${worldSize} workers, and the strategy '${name}' runs on ${most === 1 ? 'one' : `at most ${most}`}.`,
    remedy: 'Leave devices out, or choose a strategy for several.',
  })
}

export function automaticStrategy(plugins: readonly AnyPlugin[], worldSize: number): Strategy {
  for (const plugin of pluginsOf('strategy', plugins)) {
    if ((plugin.priority ?? 0) < 0) break
    const strategy: Strategy = instantiate<'strategy'>(plugin, {})
    if (strategy.join && strategy.capabilities.maxDevices >= worldSize) return strategy
  }
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The run has ${worldSize} workers, and nothing here can use several.`,
    remedy:
      "Install @levin/strategies and import '@levin/strategies/register' in the run module, or choose a strategy.",
  })
}

export async function settleCheckpointIO({ checkpointIO, plugins }: ChosenPlugins): Promise<CheckpointIO> {
  if (!checkpointIO) return (await pickAvailable('checkpointIO', plugins)) ?? noCheckpoints
  await requireAvailable('checkpointIO', recipeOf(checkpointIO), plugins)
  return checkpointIO
}

/** The chosen loggers, refused where one cannot run here, or the registered one that is meant to be there by default. */
export async function settleLoggers({ loggers, plugins }: ChosenPlugins): Promise<readonly Logger[]> {
  for (const logger of loggers ?? []) await requireAvailable('logger', recipeOf(logger), plugins)
  if (loggers) return loggers
  const usual = await pickAvailable('logger', plugins)
  return usual ? [usual] : []
}
