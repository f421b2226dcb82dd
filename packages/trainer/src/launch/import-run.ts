import { currentPlatform, LevinError } from '@levin/core'
import { mergeHparams, type RunDefinition, runFrom } from '../define-run.js'
import type { TrainerOptions } from '../trainer-options.js'

/**
 * Imports a run module.
 *
 * @throws LEVIN_RUN_MODULE if it does not load, or exports no run
 */
export async function importRun(url: string): Promise<RunDefinition> {
  let exports: Record<string, unknown>
  try {
    exports = (await import(/* @vite-ignore */ url)) as Record<string, unknown>
  } catch (error) {
    if (LevinError.isInstance(error)) throw error
    throw doesNotLoad(url, error)
  }
  return runFrom(exports, url)
}

/** The Trainer options of a run: its own, and over them those that the caller adds. */
export function optionsOfRun(
  run: RunDefinition,
  hparams: Readonly<Record<string, unknown>>,
  // biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
  given: TrainerOptions<any>,
  // biome-ignore lint/suspicious/noExplicitAny: as above.
): TrainerOptions<any> {
  const own = run.trainer?.(mergeHparams(run.hparams, hparams))
  const plugins = [...(run.plugins ?? []), ...(own?.plugins ?? []), ...(given.plugins ?? [])]
  return { ...own, ...given, ...(plugins.length ? { plugins } : {}) }
}

// A bundler moves files, and knows only those that it sees named.
const IN_BROWSERS =
  "In a browser give a function that starts a worker whose file calls serve(run): trainer.fit(() => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }))."

const UNREADABLE: readonly unknown[] = ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']

/** Whether a module was not loaded since it is TypeScript, which this program cannot read; a worker may. */
export const isUnreadable = (error: unknown): boolean =>
  LevinError.isInstance(error, 'LEVIN_RUN_MODULE') && UNREADABLE.includes((error.cause as { code?: unknown })?.code)

function doesNotLoad(url: string, error: unknown): LevinError {
  const { code } = (error ?? {}) as { code?: unknown }
  return new LevinError('LEVIN_RUN_MODULE', {
    message: `The run module '${url}' does not load: ${error instanceof Error ? error.message : String(error)}`,
    ...(UNREADABLE.includes(code)
      ? {
          remedy:
            'This Node does not read TypeScript by itself: start the program by tsx (npx tsx main.ts), use Node 22.18 or later, or build the module.',
        }
      : currentPlatform().name === 'browser'
        ? { remedy: IN_BROWSERS }
        : {}),
    cause: error,
  })
}
