export type { Batched, NumberArray } from './batched.js'
export { type CollateOptions, collate } from './collate.js'
export { concat } from './concat.js'
export { DataLoader } from './data-loader.js'
export type { DataLoaderOptions, OrderOptions, SampleContext, UnbatchedOptions } from './data-loader-options.js'
export {
  type Allocate,
  type Dataset,
  type DatasetTraits,
  type DTypes,
  type IterableDataset,
  isMapDataset,
  type MapDataset,
  type Pass,
} from './dataset.js'
export { type DatasetLike, datasetOf } from './dataset-of.js'
export { filter } from './filter.js'
export { type ColumnInput, fromArrays, type Row, type RowOf, type ShapedColumn } from './from-arrays.js'
export { fromIterable, type IterableOptions, type IterableSource, type TensorFlowDataset } from './from-iterable.js'
export { fromSamples, type SampleOptions } from './from-samples.js'
export { type MapOptions, map } from './map.js'
export { type Parts, type RandomSplitOptions, randomSplit } from './random-split.js'
export { type DistributedSamplerOptions, distributedSampler } from './samplers/distributed-sampler.js'
export { type RandomSamplerOptions, randomSampler } from './samplers/random-sampler.js'
export type { BatchSampler, OrderContext, Sampler } from './samplers/sampler.js'
export { sequentialSampler } from './samplers/sequential-sampler.js'
export { type SubsetSamplerOptions, subsetSampler } from './samplers/subset-sampler.js'
export { type WeightedSamplerOptions, weightedSampler } from './samplers/weighted-sampler.js'
export { subset } from './subset.js'
export { take } from './take.js'
