import { Layer, layerName } from '@levin/core'
import type { Run } from './run.js'

/** Says at the start of a fit why its result will not be that of one device. */
export function announceDifferences(run: Run): void {
  const { strategy } = run
  if (strategy.inexact) run.announce(strategy.inexact, 'warning')
  if (strategy.dataShard.count === 1) return
  const apart = layersApart(run)
  if (apart.length === 0) return
  const [names, take] = [list(apart), apart.length === 1 ? 'takes' : 'take']
  run.announce(
    `${names} ${take} the statistics of a batch from each worker's part of it, since ${reason(run, apart)}: the loss depends on the number of workers.`,
    'warning',
  )
}

/** Layers whose result depends on all of a batch, of which they see a part only. */
function layersApart({ module, strategy, options }: Run): Layer[] {
  const isShared = options.syncBatchNorm && strategy.replicas !== undefined
  const layers = module.nodes().filter((node) => node instanceof Layer)
  return layers.filter(({ spansBatch }) => spansBatch === 'part' || (spansBatch === 'replicas' && !isShared))
}

function reason({ options, strategy }: Run, layers: readonly Layer[]): string {
  if (layers.every(({ spansBatch }) => spansBatch === 'part')) return 'layers of this kind know of no other workers'
  if (!options.syncBatchNorm) return 'syncBatchNorm is off'
  return `under the strategy '${strategy.name}' workers cannot exchange them within a step here`
}

const list = (layers: readonly Layer[]): string => {
  const names = layers.slice(0, 3).map(layerName)
  return layers.length > 3 ? `${names.join(', ')} and ${layers.length - 3} more layers` : names.join(' and ')
}
