import { describe } from '@levin/core'
import { type IterableDataset, traitsOf } from './dataset.js'
import { type DatasetLike, datasetOf } from './dataset-of.js'
import { dataError } from './errors.js'
import { asIterable, samplesOf } from './samples-of.js'

/**
 * The samples that pass a test. How many that are is known only at the end, so the result is read from its beginning;
 * to shuffle it, find the indices first and use `subset`.
 */
export function filter<S>(source: DatasetLike<S>, keep: (sample: S, index: number) => boolean): IterableDataset<S> {
  const dataset = asIterable(datasetOf(source))
  return {
    ...traitsOf(dataset),
    open: (pass) =>
      dataset.synchronous ? keepNow(samplesOf(dataset, pass), keep) : keepLater(dataset.open(pass), keep),
  }
}

function* keepNow<S>(samples: Iterable<S>, keep: (sample: S, index: number) => boolean): Generator<S> {
  let index = 0
  for (const sample of samples) if (isKept(keep(sample, index++))) yield sample
}

async function* keepLater<S>(
  samples: Iterable<S> | AsyncIterable<S>,
  keep: (sample: S, index: number) => boolean,
): AsyncGenerator<S> {
  let index = 0
  for await (const sample of samples) if (isKept(keep(sample, index++))) yield sample
}

// A promise would pass every sample.
function isKept(answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer
  throw dataError({
    message: 'The function given to filter() does not say whether to keep a sample.',
    expected: 'true or false',
    found: describe(answer),
  })
}
