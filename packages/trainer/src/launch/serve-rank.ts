import { LevinError, type RankContext, type RankProgram, type RunKind } from '@levin/core'
import { mergeHparams, type RunDefinition } from '../define-run.js'
import { resolveOptions } from '../resolve-options.js'
import { type ChosenPlugins, choosePlugins } from '../setup/choose-plugins.js'
import { importRun, optionsOfRun } from './import-run.js'
import type { ControllerMessage, RankInput, RankMessage } from './rank-input.js'
import { RankPlatform } from './rank-platform.js'

/** What every rank of a launched run does: imports the run module, and takes its part in the run. */
export const serveRank: RankProgram = (context) => {
  const { runModule, imports } = context.input as RankInput
  return takePart(context, { what: 'its run module', at: runModule as string }, async () => {
    for (const url of imports) await import(/* @vite-ignore */ url)
    return importRun(runModule as string)
  })
}

/** What a rank does that has the run already. */
export const programOf =
  (run: RunDefinition): RankProgram =>
  (context) =>
    takePart(context, { what: 'its file', at: "the worker's file" }, async () => run)

/** What a worker knows plugins from, for errors. */
interface Place {
  readonly what: string
  readonly at: string
}

/** Builds everything as the run says, and takes this rank's part in it. */
async function takePart(
  { world, input, send, onMessage }: RankContext,
  where: Place,
  load: () => Promise<RunDefinition>,
): Promise<unknown> {
  const request = input as RankInput
  const tell = (message: RankMessage) => send(message)
  const aborting = new AbortController()
  const platform = new RankPlatform(request.terminal, (text) => tell({ type: 'terminal', text }))
  onMessage((given) => {
    const message = given as ControllerMessage
    if (message.type === 'abort') aborting.abort(message.reason)
    else platform.raise(message.signal)
  })
  const [run, { asDataModule, execute, requireModule }] = await Promise.all([load(), import('../run/here.js')])
  const hparams = mergeHparams(run.hparams, request.hparams)
  const options = { ...optionsOfRun(run, request.hparams, request.options), platform }
  const module = await requireModule(run.module(hparams), request.kind)
  return execute<RunKind>(request.kind, {
    module,
    data: await asDataModule(run.data?.(hparams)),
    options: resolveOptions(options),
    chosen: chooseHere(options, where),
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
function chooseHere(options: Parameters<typeof choosePlugins>[0], { what, at }: Place): ChosenPlugins {
  try {
    return choosePlugins(options)
  } catch (cause) {
    if (!LevinError.isInstance(cause, 'LEVIN_UNKNOWN_PLUGIN')) throw cause
    throw new LevinError('LEVIN_UNKNOWN_PLUGIN', {
      message: cause.message,
      remedy: `This is a worker, which knows what ${what} imports: import 'levin' or the package's '/register' in ${at}.`,
      cause,
    })
  }
}
