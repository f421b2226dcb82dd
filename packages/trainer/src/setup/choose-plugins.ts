import {
  type Accelerator,
  type AnyPlugin,
  type Callback,
  type CheckpointIO,
  type Choice,
  type ClusterEnvironment,
  currentPlatform,
  describe,
  type Kind,
  type Launcher,
  LevinError,
  type Logger,
  type Platform,
  type ProcessGroupFactory,
  resolve,
  type Strategy,
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
