import type { MetricDefinition } from '@levin/core'
import { memoised, ratio } from './measure.js'

/**
 * How the values of classes become one.
 *
 * - `'macro'`: their mean, over the classes that were seen as label or prediction (scikit-learn's default).
 * - `'weighted'`: their mean, each by its share of the labels.
 * - `'micro'`: from the counts of all classes together.
 * - `'none'`: one value per class.
 */
export type Average = 'micro' | 'macro' | 'weighted' | 'none'

/** What is counted of a class, or of several together. */
export interface Counts {
  readonly hits: number
  readonly predicted: number
  readonly actual: number
}

export interface AverageKey {
  readonly name: keyof typeof SCORES
  readonly classes: number
  /** A class alone instead of an average. */
  readonly positive: number | null
  readonly average: Average
}

const SCORES = {
  precision: ({ hits, predicted }: Counts) => ratio(hits, predicted),
  recall: ({ hits, actual }: Counts) => ratio(hits, actual),
  f1: ({ hits, predicted, actual }: Counts) => ratio(2 * hits, predicted + actual),
}

/** The definition of a score over classes; the same object for the same key. */
export const averageMetric = memoised<AverageKey>(({ name, classes, positive, average }) => ({
  name,
  size: 3 * classes,
  reduction: 'sum',
  compute(state) {
    const counts = countsOf(state, classes)
    const score = SCORES[name]
    return positive === null ? averaged(counts, score, average) : score(counts[positive] as Counts)
  },
}))

const countsOf = (state: Float64Array, classes: number): Counts[] =>
  Array.from({ length: classes }, (_, index) => ({
    hits: state[index] ?? 0,
    predicted: state[classes + index] ?? 0,
    actual: state[2 * classes + index] ?? 0,
  }))

function averaged(
  counts: readonly Counts[],
  score: (counts: Counts) => number,
  average: Average,
): ReturnType<MetricDefinition['compute']> {
  const total = (key: keyof Counts): number => counts.reduce((all, each) => all + each[key], 0)
  switch (average) {
    case 'none':
      return Object.fromEntries(counts.map((each, index) => [String(index), score(each)]))
    case 'micro':
      return score({ hits: total('hits'), predicted: total('predicted'), actual: total('actual') })
    case 'weighted':
      return ratio(
        counts.reduce((all, each) => all + score(each) * each.actual, 0),
        total('actual'),
      )
    case 'macro': {
      const seen = counts.filter(({ predicted, actual }) => predicted + actual > 0)
      return ratio(
        seen.reduce((all, each) => all + score(each), 0),
        seen.length,
      )
    }
  }
}
