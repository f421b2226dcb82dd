import { type AnyPlugin, type DataModule, describe, LevinError, type Module } from '@levin/core'
import type { TrainerOptions } from './trainer-options.js'

const MARK = Symbol.for('levin.run')

/** How to build everything of a run: what workers and the command line import. */
export interface RunDefinition<H extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>> {
  /** Defaults of the hyper-parameters; JSON. Callers may override them by name. */
  readonly hparams: H
  /** Plugins that the run may name. */
  readonly plugins?: readonly AnyPlugin[]
  module(hparams: H): Module
  data?(hparams: H): DataModule
  trainer?(hparams: H): TrainerOptions<readonly AnyPlugin[]>
}

/** Marks the default export of a run module. Calling it builds nothing. */
export function defineRun<const H extends Readonly<Record<string, unknown>> = Readonly<Record<string, never>>>(
  definition: Omit<RunDefinition<Widened<H>>, 'hparams'> & { readonly hparams?: H },
): RunDefinition<Widened<H>> {
  return Object.freeze(
    Object.defineProperty({ ...definition, hparams: definition.hparams ?? {} } as RunDefinition<Widened<H>>, MARK, {
      value: true,
    }),
  )
}

// `learningRate: 1e-3` is a number to whoever reads it, not the literal.
type Widened<H> = {
  [K in keyof H]: H[K] extends number ? number : H[K] extends string ? string : H[K] extends boolean ? boolean : H[K]
}

export const isRunDefinition = (value: unknown): value is RunDefinition =>
  typeof value === 'object' && value !== null && MARK in value

/**
 * The run that a module exports by default.
 *
 * @param exports of the imported module
 * @param name of the module, for errors
 * @throws LEVIN_RUN_MODULE
 */
export function runFrom(exports: Readonly<Record<string, unknown>>, name: string): RunDefinition {
  const run = exports['default']
  if (isRunDefinition(run)) return run
  throw new LevinError('LEVIN_RUN_MODULE', {
    message: `'${name}' is no run module.`,
    expected: 'export default defineRun({ module: …, data: …, trainer: … })',
    found: 'default' in exports ? `a default export that is ${describe(run)}` : 'no default export',
    remedy: "Import defineRun from '@levin/trainer' (or 'levin') and export its result by default.",
  })
}

/** Given values over the defaults. @throws LEVIN_RUN_MODULE for a name or type that the run does not have */
export function mergeHparams<H extends Readonly<Record<string, unknown>>>(
  defaults: H,
  given: Readonly<Record<string, unknown>>,
): H {
  for (const [name, value] of Object.entries(given)) {
    const known = defaults[name]
    if (!Object.hasOwn(defaults, name)) {
      throw new LevinError('LEVIN_RUN_MODULE', {
        message: `The run has no hyper-parameter '${name}'.`,
        expected: Object.keys(defaults).join(', ') || 'none',
      })
    }
    if (known !== null && known !== undefined && typeof known !== typeof value) {
      throw new LevinError('LEVIN_RUN_MODULE', {
        message: `The hyper-parameter '${name}' is wrong.`,
        expected: `a ${typeof known}`,
        found: describe(value),
      })
    }
  }
  return { ...defaults, ...given }
}
