import {
  type Accelerator,
  type AnyPlugin,
  availabilityOf,
  type CheckpointIO,
  type Logger,
  noCheckpoints,
  pickAvailable,
  pluginsOf,
  recipeOf,
  requireAvailable,
  SingleDevice,
  type Strategy,
  type World,
} from '@levin/core'
import type { ChosenPlugins } from './choose-plugins.js'

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
  return slow ?? new (await import('./current-backend.js')).CurrentBackend()
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
  if (strategy) await requireAvailable('strategy', recipeOf(strategy), plugins)
  if (!world || worldSize === 1) return strategy ?? new SingleDevice()
  const { automaticStrategy, requireWorldSize } = await import('./world-size.js')
  const settled = strategy ?? automaticStrategy(plugins, worldSize)
  requireWorldSize(settled, worldSize)
  settled.join?.(world)
  return settled
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
