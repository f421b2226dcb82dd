import { LevinError, portableRecipe, type RunKind } from '@levin/core'
import { mergeHparams } from '../define-run.js'
import { rankProgram } from '../rank-program.js'
import { resolveOptions } from '../resolve-options.js'
import type { Results } from '../run/execute.js'
import type { PredictOptions } from '../run/run-options.js'
import { choosePlugins } from '../setup/choose-plugins.js'
import type { TrainerOptions } from '../trainer-options.js'
import { controlRun } from './controller.js'
import { importRun, isUnreadable, optionsOfRun } from './import-run.js'
import { rankInput } from './rank-input.js'
import type { RunModuleOptions } from './run-module-options.js'

/**
 * Does the run of a run module: in this thread where one device is asked for, else in ranks that are launched for it.
 *
 * @param given the Trainer's options, which come over those of the run module
 */
export async function runByUrl<K extends RunKind>(
  kind: K,
  url: URL,
  // biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
  given: TrainerOptions<any>,
  runOptions: RunModuleOptions & PredictOptions,
): Promise<Results[K]> {
  const { hparams = {}, imports = [], signal, ckptPath, onEvent, returnPredictions = true } = runOptions
  for (const module of imports) await import(/* @vite-ignore */ module.href)
  const run = await importRun(url.href).catch((error: unknown) => {
    // Workers may read what this program cannot; what is in the Trainer's own options then decides.
    if (isUnreadable(error) && (given.launcher !== undefined || given.devices !== undefined)) return undefined
    throw error
  })
  const options = run ? optionsOfRun(run, hparams, given) : given
  const resolved = resolveOptions(options)
  const chosen = choosePlugins(options)
  const { asDataModule, execute, placeRun, requireModule } = await import('../run/here.js')
  const placement = await placeRun(chosen, resolved)
  if (placement.kind === 'launched') {
    return controlRun({
      kind,
      launcher: placement.launcher,
      program: rankProgram,
      worldSize: placement.worldSize,
      among: placement.among,
      collective: chosen.collective && portableRecipe(chosen.collective, 'The Trainer option collective'),
      input: rankInput(kind, url, given, runOptions, chosen.platform),
      platform: chosen.platform,
      signal,
      onEvent,
      handleSignals: resolved.handleSignals,
      maxRestarts: resolved.maxRestarts,
    })
  }
  if (!run) throw unreadable(url)
  const merged = mergeHparams(run.hparams, hparams)
  const module = await requireModule(run.module(merged), kind)
  return execute(kind, {
    module,
    data: await asDataModule(run.data?.(merged)),
    options: resolved,
    chosen,
    world: placement.world,
    runOptions: {
      returnPredictions,
      ...(signal ? { signal } : {}),
      ...(ckptPath === undefined ? {} : { ckptPath }),
      ...(onEvent ? { onEvent } : {}),
    },
  })
}

const unreadable = (url: URL): LevinError =>
  new LevinError('LEVIN_RUN_MODULE', {
    message: `The run module '${url.href}' is TypeScript, which this program does not read, and the run takes place in it.`,
    remedy: "Start the program by tsx (npx tsx main.ts), or set launcher: 'worker'.",
  })
