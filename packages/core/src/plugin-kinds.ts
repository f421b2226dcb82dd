import type { Accelerator } from './contracts/accelerator.js'
import type { Callback } from './contracts/callback.js'
import type { CheckpointIO } from './contracts/checkpoint-io.js'
import type { ClusterEnvironment } from './contracts/cluster-environment.js'
import type { Launcher } from './contracts/launcher.js'
import type { Logger } from './contracts/logger.js'
import type { ProcessGroupFactory } from './contracts/process-group.js'
import type { Strategy } from './contracts/strategy.js'

/** Registered names and their options. Empty here; `<plugin>/register` augments them. */
export interface AcceleratorRegistry {}
export interface StrategyRegistry {}
export interface LoggerRegistry {}
export interface CheckpointIORegistry {}
export interface CollectiveRegistry {}
export interface LauncherRegistry {}
export interface ClusterEnvironmentRegistry {}
export interface CallbackRegistry {}

/**
 * What a plugin can add. Augment it to open a kind of your own:
 *
 * @example
 * declare module '@levin/core' {
 *   interface PluginKinds { precision: { instance: Precision; registry: PrecisionRegistry } }
 * }
 */
export interface PluginKinds {
  accelerator: { instance: Accelerator; registry: AcceleratorRegistry }
  strategy: { instance: Strategy; registry: StrategyRegistry }
  logger: { instance: Logger; registry: LoggerRegistry }
  checkpointIO: { instance: CheckpointIO; registry: CheckpointIORegistry }
  launcher: { instance: Launcher; registry: LauncherRegistry }
  clusterEnvironment: { instance: ClusterEnvironment; registry: ClusterEnvironmentRegistry }
  collective: { instance: ProcessGroupFactory; registry: CollectiveRegistry }
  callback: { instance: Callback; registry: CallbackRegistry }
}

export type Kind = keyof PluginKinds & string
