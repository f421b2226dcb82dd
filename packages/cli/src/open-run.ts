import './plugins.js'
import type { AnyPlugin, DataModule, Module } from '@levin/core'
import { mergeHparams, Trainer } from '@levin/trainer'
import { loadRunModule } from './load-run-module.js'
import { hparamsFrom, trainerOptionsFrom } from './trainer-flags.js'

/** A run module with what the command line adds, ready to go. */
export interface OpenRun {
  readonly module: Module
  readonly data: DataModule | undefined
  readonly trainer: Trainer<readonly AnyPlugin[]>
}

export async function openRun(path: string, args: Readonly<Record<string, unknown>>): Promise<OpenRun> {
  // Flags first: a typing mistake should not wait for the import of a large program.
  const given = trainerOptionsFrom(args)
  const overrides = hparamsFrom(args['hparams'])
  const run = await loadRunModule(path)
  const hparams = mergeHparams(run.hparams, overrides)
  const options = { handleSignals: true, ...run.trainer?.(hparams), ...given }
  const plugins = [...(run.plugins ?? []), ...(options.plugins ?? [])]
  return {
    trainer: new Trainer<readonly AnyPlugin[]>({ ...options, plugins }),
    module: run.module(hparams),
    data: run.data?.(hparams),
  }
}
