import {
  type Accelerator,
  availabilityOf,
  instantiate,
  type Launcher,
  LevinError,
  pluginsOf,
  type RankDescription,
  recipeOf,
  requireAvailable,
  type World,
} from '@levin/core'
import type { ResolvedOptions } from '../resolve-options.js'
import type { ChosenPlugins } from '../setup/choose-plugins.js'
import { settleAccelerator } from '../setup/settle-plugins.js'
import { automaticStrategy, requireWorldSize } from '../setup/world-size.js'
import { joinCluster } from './join-cluster.js'
import type { Placement } from './placement.js'

/**
 * Where a run takes place that asked for devices, a launcher or restarts, or whose process was started among others.
 *
 * @param rank where this process stands among others that somebody else has started
 * @throws LEVIN_BAD_OPTION, LEVIN_NOT_SUPPORTED, LEVIN_UNAVAILABLE, LEVIN_CLUSTER
 */
export async function settlePlacement(
  chosen: ChosenPlugins,
  options: ResolvedOptions,
  rank: RankDescription | undefined,
): Promise<Placement> {
  const placement = await place(chosen, options, rank)
  const { world, among } = { world: undefined, among: undefined, ...placement }
  const startsNone = placement.kind === 'here' || among !== undefined
  if (options.maxRestarts > 0 && startsNone && !(await canRegain(chosen, world ?? among)))
    throw noRestarts(world ?? among)
  return placement
}

async function place(
  chosen: ChosenPlugins,
  { devices }: ResolvedOptions,
  rank: RankDescription | undefined,
): Promise<Placement> {
  if (devices === 'auto' && !chosen.launcher) return { kind: 'here', world: rank && (await joinCluster(rank, chosen)) }
  const accelerator = await settleAccelerator(chosen, () => {})
  const count = devices === 'auto' ? 1 : await countDevices(accelerator, devices)
  if (rank) {
    const threads = devices === 'auto' ? 1 : count / rank.localWorldSize
    if (!Number.isInteger(threads)) throw otherCount(count, rank.localWorldSize)
    if (threads === 1) return { kind: 'here', world: await joinCluster(rank, chosen) }
    return launched(chosen, accelerator, threads, rank)
  }
  if (count === 1 && !chosen.launcher) return { kind: 'here', world: undefined }
  return launched(chosen, accelerator, count, undefined)
}

async function launched(
  chosen: ChosenPlugins,
  accelerator: Accelerator,
  count: number,
  among: RankDescription | undefined,
): Promise<Placement> {
  requireWorldSize(chosen.strategy ?? strategyOf(chosen, count), count)
  return { kind: 'launched', launcher: await settleLauncher(chosen, accelerator, count), worldSize: count, among }
}

const strategyOf = ({ plugins }: ChosenPlugins, count: number) =>
  count === 1 ? ({ name: 'auto', capabilities: { maxDevices: 1 } } as never) : automaticStrategy(plugins, count)

async function countDevices(accelerator: Accelerator, devices: ResolvedOptions['devices']): Promise<number> {
  const chosen = await accelerator.parseDevices?.(devices)
  if (chosen) return chosen.length
  if (typeof devices === 'number' && devices >= 1) return devices
  return typeof devices === 'string' ? devices.split(',').filter(Boolean).length : 1
}

/** The chosen launcher, or the one of highest priority in whose ranks the accelerator works. */
async function settleLauncher(chosen: ChosenPlugins, accelerator: Accelerator, count: number): Promise<Launcher> {
  const { launcher, plugins } = chosen
  if (launcher) {
    await requireAvailable('launcher', recipeOf(launcher), plugins)
    requireFitting(launcher, accelerator, count)
    return launcher
  }
  for (const plugin of pluginsOf('launcher', plugins)) {
    const candidate: Launcher = instantiate<'launcher'>(plugin, {})
    if (works(candidate, accelerator, count) && (await availabilityOf(plugin)).ok) return candidate
  }
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `The run has ${count} workers, and nothing here can start them.`,
    remedy: "Install @levin/distributed and import '@levin/distributed/register', or start the program by mpirun.",
  })
}

const works = ({ ranksAre, maxRanks = Infinity }: Launcher, { capabilities }: Accelerator, count: number): boolean =>
  count <= maxRanks && (ranksAre === 'processes' || capabilities.workerThreads)

function requireFitting(launcher: Launcher, accelerator: Accelerator, count: number): void {
  if (works(launcher, accelerator, count)) return
  const { maxRanks = Infinity } = launcher
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message:
      count > maxRanks
        ? `The launcher '${launcher.name}' starts at most ${maxRanks} ranks, and the run has ${count}.`
        : `The accelerator '${accelerator.name}' does not work in worker threads, which the launcher '${launcher.name}' starts.`,
    remedy: 'Leave the launcher out, so that one is chosen that fits.',
  })
}

function otherCount(devices: number, localWorldSize: number): LevinError {
  return new LevinError('LEVIN_CLUSTER', {
    message: `The Trainer is to use ${devices} devices per node, and ${localWorldSize} processes were started on this one.`,
    remedy:
      'Start as many processes per node as devices says (mpirun --npernode, srun --ntasks-per-node), or a number that divides it: each launches threads then.',
  })
}

/** Whether a run in this thread can go on after a loss of its device. */
async function canRegain(chosen: ChosenPlugins, startedByOthers: unknown): Promise<boolean> {
  if (startedByOthers) return false
  return (await settleAccelerator(chosen, () => {})).regain !== undefined
}

function noRestarts(startedByOthers: World | RankDescription | undefined): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message:
      'maxRestarts is about workers that the Trainer starts and devices that can be regained, and this run has neither.',
    remedy: startedByOthers
      ? "Whoever started the processes starts them again: with ckptPath: 'last' the run goes on."
      : "Set launcher: 'worker', or leave it out.",
  })
}
