import {
  availabilityOf,
  instantiate,
  type Launcher,
  LevinError,
  pluginsOf,
  type RunKind,
  recipeOf,
  requireAvailable,
  type StartWorker,
} from '@levin/core'
import { resolveOptions } from '../resolve-options.js'
import type { Results } from '../run/execute.js'
import type { PredictOptions } from '../run/run-options.js'
import { type ChosenPlugins, choosePlugins } from '../setup/choose-plugins.js'
import { requireWorldSize } from '../setup/world-size.js'
import type { TrainerOptions } from '../trainer-options.js'
import { controlRun } from './controller.js'
import { rankInput } from './rank-input.js'
import type { RunModuleOptions } from './run-module-options.js'

/**
 * Does a run in web workers whose file has the run: how many is all that this thread has to know of it.
 *
 * @param start called once for each worker
 * @param given the Trainer's options, which come over those of the run
 */
export async function runInWorkers<K extends RunKind>(
  kind: K,
  start: StartWorker,
  // biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
  given: TrainerOptions<any>,
  runOptions: RunModuleOptions & PredictOptions,
): Promise<Results[K]> {
  const resolved = resolveOptions(given)
  const chosen = choosePlugins(given)
  const worldSize = countWorkers(resolved.devices)
  if (chosen.strategy) requireWorldSize(chosen.strategy, worldSize)
  return controlRun({
    kind,
    launcher: await settleServing(chosen),
    program: start,
    worldSize,
    among: undefined,
    collective: undefined,
    input: rankInput(kind, undefined, given, runOptions, chosen.platform),
    platform: chosen.platform,
    signal: runOptions.signal,
    onEvent: runOptions.onEvent,
    handleSignals: resolved.handleSignals,
    maxRestarts: resolved.maxRestarts,
  })
}

/** What the devices are is the workers' affair: they have the accelerator. */
function countWorkers(devices: ReturnType<typeof resolveOptions>['devices']): number {
  if (devices === 'auto') return 1
  if (typeof devices === 'number' && devices >= 1) return devices
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: 'A run in web workers cannot tell what devices there are.',
    expected: 'devices: the number of workers',
    found: JSON.stringify(devices),
  })
}

/** The chosen launcher, or the one of highest priority that starts workers by a function. */
async function settleServing({ launcher, plugins }: ChosenPlugins): Promise<Launcher> {
  if (launcher) {
    await requireAvailable('launcher', recipeOf(launcher), plugins)
    if (launcher.serve) return launcher
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The launcher '${launcher.name}' does not start web workers.`,
      remedy: "Set launcher: 'worker', or give the URL of a run module.",
    })
  }
  for (const plugin of pluginsOf('launcher', plugins)) {
    const candidate: Launcher = instantiate<'launcher'>(plugin, {})
    if (candidate.serve && (await availabilityOf(plugin)).ok) return candidate
  }
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: 'Nothing here can start web workers.',
    remedy:
      "Install @levin/distributed, and import '@levin/distributed/register' or set launcher: worker(); the worker's file needs the same.",
  })
}
