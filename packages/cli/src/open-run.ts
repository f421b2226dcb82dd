import './plugins.js'
import { pathToFileURL } from 'node:url'
import type { AnyPlugin } from '@levin/core'
import { mergeHparams, type RunModuleOptions, Trainer } from '@levin/trainer'
import { loadRunModule } from './load-run-module.js'
import { fromSource } from './own-url.js'
import { hparamsFrom, trainerOptionsFrom } from './trainer-flags.js'

/** A run module with what the command line adds, ready to go. */
export interface OpenRun {
  readonly trainer: Trainer<readonly AnyPlugin[]>
  readonly run: URL
  readonly options: RunModuleOptions
}

/** Workers know the names that this program knows. */
const imports = [new URL(`./plugins.${fromSource ? 'ts' : 'js'}`, import.meta.url)]

export async function openRun(path: string, args: Readonly<Record<string, unknown>>): Promise<OpenRun> {
  // Flags first: a typing mistake should not wait for the import of a large program.
  const given = trainerOptionsFrom(args)
  const hparams = hparamsFrom(args['hparams'])
  const definition = await loadRunModule(path)
  const own = definition.trainer?.(mergeHparams(definition.hparams, hparams))
  const ckptPath = args['ckpt-path']
  return {
    trainer: new Trainer<readonly AnyPlugin[]>({
      handleSignals: own?.handleSignals ?? true,
      ...given,
      // Flags may name what the run brings along.
      plugins: [...(definition.plugins ?? []), ...(own?.plugins ?? [])],
    }),
    run: pathToFileURL(path),
    options: { hparams, imports, ...(typeof ckptPath === 'string' && ckptPath ? { ckptPath } : {}) },
  }
}
