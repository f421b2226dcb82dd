import { LevinError, type RankProgram, type RunKind } from '@levin/core'
import { mergeHparams } from '../define-run.js'
import { resolveOptions } from '../resolve-options.js'
import { execute } from '../run/execute.js'
import { asDataModule } from '../setup/loaders.js'
import { type ChosenPlugins, choosePlugins } from '../setup/plugins.js'
import { requireModule } from '../setup/require-module.js'
import { importRun, optionsOfRun } from './import-run.js'
import type { ControllerMessage, RankInput, RankMessage } from './rank-input.js'
import { RankPlatform } from './rank-platform.js'

/** What every rank of a launched run does: builds everything as the run module says, and takes its part in the run. */
export const serveRank: RankProgram = async ({ world, input, send, onMessage }) => {
  const request = input as RankInput
  const tell = (message: RankMessage) => send(message)
  const aborting = new AbortController()
  const platform = new RankPlatform(request.terminal, (text) => tell({ type: 'terminal', text }))
  onMessage((given) => {
    const message = given as ControllerMessage
    if (message.type === 'abort') aborting.abort(message.reason)
    else platform.raise(message.signal)
  })
  for (const url of request.imports) await import(/* @vite-ignore */ url)
  const run = await importRun(request.runModule)
  const hparams = mergeHparams(run.hparams, request.hparams)
  const options = { ...optionsOfRun(run, request.hparams, request.options), platform }
  const module: unknown = run.module(hparams)
  requireModule(module, request.kind)
  return execute<RunKind>(request.kind, {
    module,
    data: asDataModule(run.data?.(hparams)),
    options: resolveOptions(options),
    chosen: chooseHere(options, request.runModule),
    world,
    candidates: request.candidates,
    runOptions: {
      signal: aborting.signal,
      onEvent: (event) => tell({ type: 'event', event }),
      returnPredictions: request.returnPredictions,
      ...(request.ckptPath === undefined ? {} : { ckptPath: request.ckptPath }),
    },
  })
}

/** A worker knows the plugins that the run module imports, and not those that the program which launched it does. */
function chooseHere(options: Parameters<typeof choosePlugins>[0], runModule: string): ChosenPlugins {
  try {
    return choosePlugins(options)
  } catch (cause) {
    if (!LevinError.isInstance(cause, 'LEVIN_UNKNOWN_PLUGIN')) throw cause
    throw new LevinError('LEVIN_UNKNOWN_PLUGIN', {
      message: cause.message,
      remedy: `This is a worker, which knows what its run module imports: import 'levin' or the package's '/register' in ${runModule}.`,
      cause,
    })
  }
}
