import {
  type DataModule,
  DataModule as DataModuleClass,
  type Loader,
  type LoaderLike,
  type Module,
  type OnHost,
} from '@levin/core'
import { asLoader } from '../batches/batch-source.js'
import { refusals } from '../run/refusals.js'
import type { Run } from '../run/run.js'

/** What may be given as data: a data module, or loaders by stage. */
export type DataSource<B = unknown> = DataModule<B> | LoadersByStage<B> | undefined

export interface LoadersByStage<B = unknown> {
  readonly train?: LoaderLike<OnHost<B>>
  readonly validate?: LoaderLike<OnHost<B>> | readonly LoaderLike<OnHost<B>>[]
  readonly test?: LoaderLike<OnHost<B>> | readonly LoaderLike<OnHost<B>>[]
  readonly predict?: LoaderLike<OnHost<B>> | readonly LoaderLike<OnHost<B>>[]
}

export type Stage = keyof LoadersByStage

const METHODS = {
  train: 'trainDataLoader',
  validate: 'valDataLoader',
  test: 'testDataLoader',
  predict: 'predictDataLoader',
} as const satisfies Record<Stage, keyof DataModule & keyof Module>

/** Brings the given data into one form. */
export async function asDataModule(data: unknown): Promise<DataModule | undefined> {
  if (data === undefined || data instanceof DataModuleClass) return data as DataModule | undefined
  const known = Object.keys(METHODS)
  const isRecord = typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype
  const unknown = isRecord ? Object.keys(data).find((key) => !known.includes(key)) : undefined
  if (!isRecord || unknown) throw (await refusals()).notData(data, unknown, known)
  return new GivenLoaders(data as LoadersByStage)
}

/** Loaders that were handed over without a data module. */
class GivenLoaders extends DataModuleClass {
  constructor(loaders: LoadersByStage) {
    super()
    for (const stage of Object.keys(METHODS) as Stage[]) {
      const given = loaders[stage]
      if (given !== undefined) Object.assign(this, { [METHODS[stage]]: () => given })
    }
  }
}

/** Whether data module or module have loaders for a stage. The data module comes first. */
export const hasLoaders = ({ data, module }: Run, stage: Stage): boolean =>
  Boolean(data?.[METHODS[stage]] ?? module[METHODS[stage]])

/**
 * The loaders of a stage, sharded and seeded.
 *
 * @throws LEVIN_DATA if there are none or they cannot be iterated
 */
export async function loadersOf(run: Run, stage: Stage): Promise<Loader[]> {
  const owner = run.data?.[METHODS[stage]] ? run.data : run.module
  const method = owner[METHODS[stage]] as (() => unknown) | undefined
  if (!method) throw (await refusals()).noData(stage, METHODS[stage])
  const given = await method.call(owner)
  const list = stage !== 'train' && isListOfLoaders(given) ? given : [given as LoaderLike]
  const { dataShard } = run.strategy
  const loaders = list.map((item, index) => {
    const loader = asLoader(item, `The ${stage} loader ${list.length > 1 ? index : ''}`.trim())
    loader.setSeed?.(run.options.seed)
    return loader
  })
  if (dataShard.count === 1) return loaders
  if (!loaders.every((loader) => loader.shard)) throw (await refusals()).unsplittable(stage, dataShard.count)
  // Workers train in step: each needs the same number of batches, if need be an empty one.
  const part = stage === 'train' ? { ...dataShard, even: true } : dataShard
  return loaders.map((loader) => loader.shard?.(part) ?? loader)
}

// An array is a list of loaders if its members are loaders, and a loader of batches otherwise.
const isListOfLoaders = (value: unknown): value is LoaderLike[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((item) => isIterableObject(item) && ('batchCount' in item || Array.isArray(item)))

const isIterableObject = (item: unknown): item is object =>
  typeof item === 'object' && item !== null && (Symbol.iterator in item || Symbol.asyncIterator in item)
