import {
  LevinError,
  pickAvailable,
  pluginsOf,
  type RankDescription,
  recipeOf,
  requireAvailable,
  type World,
} from '@levin/core'
import type { ChosenPlugins } from '../setup/choose-plugins.js'

// A process joins its world once, however many runs it makes; two copies of this package are one process.
const KEY = Symbol.for('@levin/trainer/world')
const holder = globalThis as { [KEY]?: Promise<World> }

/**
 * Connects this process to the others that somebody else has started.
 *
 * @throws LEVIN_UNAVAILABLE if nothing here can
 */
export function joinCluster(rank: RankDescription, chosen: ChosenPlugins): Promise<World> {
  holder[KEY] ??= connect(rank, chosen).catch((error: unknown) => {
    // Who has mended it may try again.
    delete holder[KEY]
    throw error
  })
  return holder[KEY]
}

async function connect(rank: RankDescription, { plugins, collective: chosen }: ChosenPlugins): Promise<World> {
  if (chosen) await requireAvailable('collective', recipeOf(chosen), plugins)
  const collective = chosen ?? (await pickAvailable('collective', plugins))
  if (collective) return { rank, group: await collective.connect(rank) }
  const known = pluginsOf('collective', plugins).map(({ name }) => `'${name}'`)
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `This process is rank ${rank.globalRank} of ${rank.worldSize}, and nothing here connects it to the others${known.length ? `: ${known.join(', ')} cannot run` : ''}.`,
    remedy:
      "Install @levin/collective-mpi and an MPI library, and import '@levin/collective-mpi/register'; or set clusterEnvironment: false to run it alone.",
  })
}
