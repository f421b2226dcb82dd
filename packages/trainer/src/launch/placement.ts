import type { Launcher, RankDescription, World } from '@levin/core'
import type { ResolvedOptions } from '../resolve-options.js'
import type { ChosenPlugins } from '../setup/choose-plugins.js'
import { detectCluster } from './cluster.js'

/** Where a run takes place: in this thread, or in ranks that are to be launched. */
export type Placement =
  | { readonly kind: 'here'; readonly world: World | undefined }
  | {
      readonly kind: 'launched'
      readonly launcher: Launcher
      /** Ranks to launch. */
      readonly worldSize: number
      /** Where this process stands among others that launch ranks of the same run. */
      readonly among: RankDescription | undefined
    }

/**
 * Settles where a run takes place, and refuses what cannot work before anything is started. Who asks for nothing in particular
 * and was started alone gets this thread.
 *
 * @throws LEVIN_BAD_OPTION, LEVIN_NOT_SUPPORTED, LEVIN_UNAVAILABLE, LEVIN_CLUSTER
 */
export async function placeRun(chosen: ChosenPlugins, options: ResolvedOptions): Promise<Placement> {
  const rank = detectCluster(chosen)
  const isPlain = options.devices === 'auto' && options.maxRestarts === 0 && !chosen.launcher && !rank
  if (isPlain) return { kind: 'here', world: undefined }
  const { settlePlacement } = await import('./settle-placement.js')
  return settlePlacement(chosen, options, rank)
}
