import { describe, LevinError } from '@levin/core'

// What is wrong with data that a run cannot begin with.

/** @param unknown the key that no stage has, where there is one */
export function notData(data: unknown, unknown: string | undefined, stages: readonly string[]): LevinError {
  return new LevinError('LEVIN_DATA', {
    message: 'The data cannot be used.',
    expected: `a DataModule, or an object with loaders under ${stages.join(', ')}`,
    found: unknown ? `the key '${unknown}'` : describe(data),
  })
}

export function noData(stage: string, method: string): LevinError {
  return new LevinError('LEVIN_DATA', {
    message: `There are no data to ${stage} on.`,
    expected: `${method}() in the data module, or { ${stage}: loader }`,
  })
}

export function unsplittable(stage: string, workers: number): LevinError {
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `The ${stage} loader cannot be split over ${workers} workers.`,
    remedy: 'Use a DataLoader, or give your loader a shard({ rank, count }) method.',
  })
}

/** @param counts batches that the ranks have @param other a rank that has not as many as rank 0 */
export function otherBatches(counts: readonly (number | string)[], other: number): LevinError {
  return new LevinError('LEVIN_DATA', {
    message: `The training loader has ${counts[0]} batches on rank 0 and ${counts[other]} batches on rank ${other}.`,
    remedy:
      'Let shard({ rank, count, even: true }) of the loader give all shards as many batches, an empty one if need be, and load the same data everywhere.',
  })
}
