import { type ClusterEnvironment, instantiate, pluginsOf, type RankDescription } from '@levin/core'
import type { ChosenPlugins } from '../setup/choose-plugins.js'

/** Where this process stands among those that somebody else has started; `undefined` if nobody has, or it is the only one. */
export function detectCluster(chosen: ChosenPlugins): RankDescription | undefined {
  const { clusterEnvironment, plugins, platform } = chosen
  if (clusterEnvironment === false) return undefined
  const environments: readonly ClusterEnvironment[] = clusterEnvironment
    ? [clusterEnvironment]
    : pluginsOf('clusterEnvironment', plugins).map((plugin) => instantiate<'clusterEnvironment'>(plugin, {}))
  for (const environment of environments) {
    const rank = environment.detect(platform.environment)
    if (rank) return rank.worldSize > 1 ? rank : undefined
  }
  return undefined
}
