import { disposeAll, type Loader } from '@levin/core'
import { BatchSource, countBatches, ownsBatches } from '../batches/batch-source.js'
import { tensorsOf } from '../batches/device-batch.js'
import type { FitData } from '../loops/fit-loop.js'
import { isZero } from '../resolve-options.js'
import type { Run } from '../run/run.js'
import { hasLoaders, loadersOf } from './loaders.js'

/** The loaders of a fit, and how to ask for them again. */
export async function fitData(run: Run): Promise<FitData> {
  const load = () => (isZero(run.options.overfitBatches) ? allData(run) : fewBatches(run))
  return { ...(await load()), reload: load }
}

async function allData(run: Run): Promise<Omit<FitData, 'reload'>> {
  const [train] = await loadersOf(run, 'train')
  const wanted = validates(run) && hasLoaders(run, 'validate')
  return { train: train as Loader, validation: wanted ? await loadersOf(run, 'validate') : [] }
}

const validates = ({ module, options }: Run): boolean =>
  module.validationStep !== undefined && !isZero(options.limits.validate)

/**
 * The batches that begin the first epoch, again and again, to train and to validate on: can the model learn them at all?
 * They are kept, so that it makes no difference whether the loader shuffles.
 */
async function fewBatches(run: Run): Promise<Omit<FitData, 'reload'>> {
  const [loader] = (await loadersOf(run, 'train')) as [Loader]
  loader.setEpoch?.(0)
  const count = countBatches(loader, run.options.overfitBatches, 'overfitBatches') ?? Infinity
  const source = await new BatchSource(loader, count).start()
  const batches: unknown[] = []
  while (source.hasNext) batches.push(await source.take())
  await source.close()
  if (ownsBatches(loader)) run.onRelease(() => disposeAll(tensorsOf(batches)))
  return { train: batches as Loader, validation: validates(run) ? [batches as Loader] : [] }
}
