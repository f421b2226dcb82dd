import { describe } from '@levin/core'
import type { Batched } from './batched.js'
import { type Dataset, isMapDataset } from './dataset.js'
import { checkCount, dataError, optionError } from './errors.js'
import type { BatchSampler, Sampler } from './samplers/sampler.js'

type Awaitable<T> = T | Promise<T>

/** What a transform may be a function of, besides the sample: with it, augmentation is the same in a resumed run. */
export interface SampleContext {
  /** Index in the dataset; place in the pass, for iterables. */
  readonly index: number
  readonly epoch: number
  readonly seed: number
}

/** The part of {@link DataLoaderOptions} that does not depend on what a batch is. */
export interface OrderOptions {
  /** Another order in each epoch: a permutation that is a function of (seed, epoch). Default `false`. */
  readonly shuffle?: boolean
  /** Which samples in which order, instead of `shuffle`. */
  readonly sampler?: Sampler
  /** Leave out the last batch if it is not full. Default `false`. */
  readonly dropLast?: boolean
  /**
   * Batches prepared ahead while a step runs, of what has to be waited for. What comes without waiting is made when it
   * is asked for: making it earlier would take the same time of the same thread. Default 2.
   */
  readonly prefetch?: number
  /** Seed of the order. Default: that of the run, which the Trainer sets; 0 without a Trainer. */
  readonly seed?: number
  /** `transform`, `collate` and `transformBatch` return values, never promises. Default `false`. */
  readonly synchronous?: boolean
}

export interface DataLoaderOptions<S, T = S, C = Batched<T>, B = C> extends OrderOptions {
  /** Samples per batch, on each worker. Default 1. */
  readonly batchSize?: number
  /** Which samples make up each batch, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  readonly batchSampler?: BatchSampler
  /** Changes one sample, before batching. */
  readonly transform?: (sample: S, context: SampleContext) => Awaitable<T>
  /** Makes a batch of samples. Default: {@link collate}, which stacks them leaf by leaf. */
  readonly collate?: (samples: readonly T[]) => Awaitable<C>
  /** Changes a batch on the host. */
  readonly transformBatch?: (batch: C) => Awaitable<B>
}

/** For datasets whose samples are batches already. */
export interface UnbatchedOptions<S, T = S, B = T> extends OrderOptions {
  /** No batching: each sample is a batch. */
  readonly batchSize: null
  readonly transform?: (sample: S, context: SampleContext) => Awaitable<T>
  readonly transformBatch?: (batch: T) => Awaitable<B>
}

/** Options of any kind, with types that the implementation can use. */
export interface AnyOptions extends OrderOptions {
  readonly batchSize?: number | null
  readonly batchSampler?: BatchSampler
  readonly transform?: (sample: unknown, context: SampleContext) => unknown
  readonly collate?: (samples: readonly unknown[]) => unknown
  readonly transformBatch?: (batch: unknown) => unknown
}

const KNOWN: ReadonlySet<string> = new Set<keyof AnyOptions>([
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'dropLast',
  'prefetch',
  'seed',
  'synchronous',
  'transform',
  'collate',
  'transformBatch',
])

/** @throws LEVIN_BAD_OPTION naming the option that is wrong, or the two that exclude each other. */
export function checkOptions(options: AnyOptions, dataset: Dataset<unknown>): void {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name))
  if (unknown) {
    throw optionError({
      message: `DataLoader has no option '${unknown}'.`,
      expected: `one of ${[...KNOWN].join(', ')}`,
    })
  }
  const { batchSize = 1, prefetch = 2, seed = 0 } = options
  if (batchSize !== null) checkCount(batchSize, 'The option batchSize of DataLoader')
  checkCount(prefetch, 'The option prefetch of DataLoader', 0)
  if (!Number.isSafeInteger(seed)) {
    throw optionError({
      message: 'The option seed of DataLoader is wrong.',
      expected: 'a whole number',
      found: describe(seed),
    })
  }
  for (const name of ['shuffle', 'dropLast', 'synchronous'] as const) {
    const value = options[name]
    if (value === undefined || typeof value === 'boolean') continue
    throw optionError({
      message: `The option ${name} of DataLoader is wrong.`,
      expected: 'true or false',
      found: describe(value),
    })
  }
  checkExclusions(options)
  if (!isMapDataset(dataset)) checkIterable(options)
}

function checkExclusions(options: AnyOptions): void {
  const given = (name: keyof AnyOptions): boolean => options[name] !== undefined && options[name] !== false
  const refuse = (one: keyof AnyOptions, other: keyof AnyOptions, why: string): void => {
    if (!given(one) || !given(other)) return
    throw optionError({ message: `DataLoader takes ${one} or ${other}, not both: ${why}.`, remedy: 'Leave one out.' })
  }
  refuse('shuffle', 'sampler', 'the sampler gives the order')
  for (const other of ['batchSize', 'shuffle', 'sampler', 'dropLast'] as const) {
    refuse('batchSampler', other, 'the batch sampler says what each batch is')
  }
  if (options.batchSize !== null) return
  const pointless = (['collate', 'dropLast', 'batchSampler'] as const).find(given)
  if (!pointless) return
  throw optionError({
    message: `DataLoader takes no ${pointless} with batchSize: null, for which each sample is a batch already.`,
  })
}

function checkIterable({ shuffle, sampler, batchSampler }: AnyOptions): void {
  const option = shuffle ? 'shuffle' : sampler ? 'sampler' : batchSampler ? 'batchSampler' : undefined
  if (!option) return
  throw dataError({
    message: `The option ${option} needs a dataset that can be read in any order.`,
    expected: 'one with length and get(index)',
    found: 'one that is read from its beginning',
    remedy: 'Collect the samples into an array, or shuffle where they come from.',
  })
}
