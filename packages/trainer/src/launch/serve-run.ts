import { instantiate, type Launcher, LevinError, pluginsOf, type RankProgram } from '@levin/core'
import { type RunDefinition, runFrom } from '../define-run.js'
import { programOf } from './serve-rank.js'

export interface ServeOptions {
  /** What started this worker, as on the page. Default: the registered one (`import '@levin/distributed/register'`). */
  readonly launcher?: Launcher | undefined
}

/**
 * Makes the file of a web worker one that trains: the page gives a function that starts it to `trainer.fit`, and gets progress
 * and the result. The file imports what the run needs; nothing of the page's program is there. When the run has ended, so has
 * the worker.
 *
 * @param run what `defineRun` gives
 * @throws LEVIN_RUN_MODULE, LEVIN_UNAVAILABLE, LEVIN_NOT_SUPPORTED where this is no worker
 *
 * @example
 * // train.worker.ts
 * import '@levin/distributed/register'
 * import { serve } from '@levin/trainer'
 * import run from './run.js'
 *
 * serve(run)
 *
 * // page.ts
 * const start = () => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })
 * const result = await new Trainer({ launcher: 'worker' }).fit(start, { hparams: { learningRate: 1e-4 } })
 */
// biome-ignore lint/suspicious/noExplicitAny: a run of any hyper-parameters.
export function serve(run: RunDefinition<any>, { launcher }: ServeOptions = {}): void {
  const checked = runFrom({ default: run }, 'What serve() was given')
  servingLauncher(launcher, checked).serve(programOf(checked))
}

type Serving = Launcher & { serve(program: RankProgram): void }

const serves = (launcher: Launcher): launcher is Serving => launcher.serve !== undefined

function servingLauncher(given: Launcher | undefined, run: RunDefinition): Serving {
  const candidates = given ? [given] : registered(run)
  const found = candidates.find(serves)
  if (found) return found
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: given
      ? `The launcher '${given.name}' does not start web workers.`
      : 'Nothing in this worker can talk to whoever started it.',
    remedy: "Import '@levin/distributed/register' in the worker's file, or call serve(run, { launcher: worker() }).",
  })
}

const registered = ({ plugins = [] }: RunDefinition): Launcher[] =>
  pluginsOf('launcher', plugins).map((plugin) => instantiate<'launcher'>(plugin, {}))
