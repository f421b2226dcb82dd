import { LevinError, portableRecipe } from '@levin/core'
import type { TrainerOptions } from '../trainer-options.js'

/** Options of plugins: an instance becomes the name and the options that it was made of. */
const PLUGINS = ['accelerator', 'strategy', 'checkpointIO'] as const
const LISTS = ['loggers', 'callbacks'] as const

/** What is the launching program's own affair. */
const LOCAL = ['plugins', 'platform', 'launcher', 'clusterEnvironment', 'collective', 'maxRestarts'] as const

/**
 * The options of a Trainer as they can travel to a worker: plugins by name and options, everything else as it is.
 *
 * @throws LEVIN_NOT_SUPPORTED naming the option that cannot travel
 */
// biome-ignore lint/suspicious/noExplicitAny: options for any list of plugins.
export function portableOptions(options: TrainerOptions<any>): TrainerOptions {
  const portable: Record<string, unknown> = { ...options }
  for (const name of LOCAL) delete portable[name]
  for (const name of PLUGINS) {
    if (portable[name] !== undefined) portable[name] = portableChoice(portable[name], name)
  }
  for (const name of LISTS) {
    const list = portable[name]
    if (Array.isArray(list)) portable[name] = list.map((item, index) => portableChoice(item, `${name}[${index}]`))
  }
  requirePlainData(portable)
  return portable as TrainerOptions
}

function portableChoice(choice: unknown, what: string): unknown {
  if (typeof choice !== 'object' || choice === null || Array.isArray(choice)) return choice
  const { name, options } = portableRecipe(choice, `The Trainer option ${what}`)
  return [name, options]
}

function requirePlainData(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    try {
      structuredClone(value)
    } catch (cause) {
      throw new LevinError('LEVIN_NOT_SUPPORTED', {
        message: `The Trainer option '${name}' cannot travel to a worker.`,
        remedy: 'Set it in the trainer() of the run module, which every worker calls for itself.',
        cause,
      })
    }
  }
}
