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
