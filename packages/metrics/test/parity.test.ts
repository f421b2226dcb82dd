import { readFileSync } from 'node:fs'
import type { MetricState } from '@levin/core'
import { argMax, type Tensor, tidy } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import {
  accuracy,
  confusionMatrix,
  confusionMatrixOf,
  f1,
  mae,
  mean,
  mse,
  precision,
  r2,
  recall,
  rmse,
} from '../src/index.js'
import { floats, halves, indices, mergedValue, rows } from './states.js'

type Matrix = readonly (readonly number[])[]
type ByAverage = Readonly<Record<'micro' | 'macro' | 'weighted', number>> & { readonly none: readonly number[] }

interface Multiclass {
  readonly title: string
  readonly scores: Matrix
  readonly labels: readonly number[]
  readonly accuracy: number
  readonly topK: Readonly<Record<string, number>>
  readonly precision: ByAverage
  readonly recall: ByAverage
  readonly f1: ByAverage
  readonly confusionMatrix: Readonly<Record<'none' | 'actual' | 'predicted' | 'all', Matrix>>
}

interface Binary {
  readonly title: string
  readonly probabilities: readonly number[]
  readonly labels: readonly number[]
  readonly threshold: number
  readonly accuracy: number
  readonly precision: readonly [number, number]
  readonly recall: readonly [number, number]
  readonly f1: readonly [number, number]
  readonly macroF1: number
}

interface Regression {
  readonly title: string
  readonly targets: readonly number[] | Matrix
  readonly predictions: readonly number[] | Matrix
  readonly mse: number
  readonly mae: number
  readonly rmse?: number
  readonly r2: number
  readonly r2ByVariance?: number
  readonly r2ByOutput?: readonly number[]
}

const recording = JSON.parse(readFileSync(new URL('./parity/metrics.json', import.meta.url), 'utf8')) as {
  readonly multiclass: readonly Multiclass[]
  readonly binary: readonly Binary[]
  readonly regression: readonly Regression[]
  readonly mean: { readonly values: readonly number[]; readonly weights: readonly number[]; readonly mean: number }
}

const scores = { precision, recall, f1 }
const titled = <T extends { readonly title: string }>(cases: readonly T[]) =>
  cases.map((each) => [each.title, each] as const)
const byKey = (values: readonly number[]) => Object.fromEntries(values.map((value, index) => [String(index), value]))

function expectValues(found: unknown, expected: number | Readonly<Record<string, number>>, digits = 6): void {
  if (typeof expected === 'number') {
    expect(found).toBeCloseTo(expected, digits)
    return
  }
  expect(Object.keys(found as object)).toEqual(Object.keys(expected))
  for (const [key, value] of Object.entries(expected)) {
    expect((found as Record<string, number>)[key], key).toBeCloseTo(value, digits)
  }
}

describe.each(titled(recording.multiclass))('scikit-learn, four classes, %s', (_, each) => {
  /** The metric over two unequal batches, once of scores, once of the classes that they predict. */
  const over = (measure: (output: Tensor, labels: Tensor) => MetricState, predicted = false) =>
    mergedValue(
      halves(each.labels.length).map(([from, to]) => () => {
        const output = rows(each.scores.slice(from, to))
        return measure(predicted ? argMax(output, 1) : output, indices(each.labels.slice(from, to)))
      }),
    )

  it('accuracy', () => {
    expectValues(over(accuracy), each.accuracy)
    expectValues(over(accuracy, true), each.accuracy)
    for (const [k, expected] of Object.entries(each.topK)) {
      expectValues(
        over((output, labels) => accuracy(output, labels, { topK: Number(k) })),
        expected,
      )
    }
  })

  it.each(['precision', 'recall', 'f1'] as const)('%s by every average', (name) => {
    const score = scores[name]
    for (const average of ['micro', 'macro', 'weighted'] as const) {
      expectValues(
        over((output, labels) => score(output, labels, { average })),
        each[name][average],
      )
      expectValues(
        over((output, labels) => score(output, labels, { average, classes: 4 }), true),
        each[name][average],
      )
    }
    expectValues(
      over((output, labels) => score(output, labels, { average: 'none' })),
      byKey(each[name].none),
    )
    expectValues(
      over((output, labels) => score(output, labels, { positive: 2 })),
      each[name].none[2] as number,
    )
    expectValues(
      over((output, labels) => score(output, labels)),
      each[name].macro,
    )
  })

  it('confusion matrix', () => {
    for (const normalise of ['none', 'actual', 'predicted', 'all'] as const) {
      const expected = each.confusionMatrix[normalise]
      const record = Object.fromEntries(expected.flatMap((row, i) => row.map((value, j) => [`${i}-${j}`, value])))
      expectValues(
        over((output, labels) => confusionMatrix(output, labels, { normalise })),
        record,
      )
      const state = tidy(() => confusionMatrix(rows(each.scores), indices(each.labels)).state.dataSync())
      for (const [i, row] of confusionMatrixOf(state, { normalise }).entries()) {
        for (const [j, value] of row.entries()) expect(value).toBeCloseTo(expected[i]?.[j] as number, 12)
      }
    }
  })
})

describe.each(titled(recording.binary))('scikit-learn, two classes, %s', (_, each) => {
  const { threshold } = each
  const over = (measure: (output: Tensor, labels: Tensor) => MetricState, label = indices) =>
    mergedValue(
      halves(each.labels.length).map(
        ([from, to]) =>
          () =>
            measure(floats(each.probabilities.slice(from, to)), label(each.labels.slice(from, to))),
      ),
    )

  it('accuracy, with labels of either dtype', () => {
    expectValues(
      over((output, labels) => accuracy(output, labels, { threshold })),
      each.accuracy,
    )
    expectValues(
      over((output, labels) => accuracy(output, labels, { threshold }), floats),
      each.accuracy,
    )
  })

  it('precision, recall and F1 of each class', () => {
    for (const [name, score] of Object.entries(scores) as ['f1', typeof f1][]) {
      expectValues(
        over((output, labels) => score(output, labels, { threshold })),
        each[name][1],
      )
      expectValues(
        over((output, labels) => score(output, labels, { threshold, positive: 0 })),
        each[name][0],
      )
    }
    expectValues(
      over((output, labels) => f1(output, labels, { threshold, average: 'macro' })),
      each.macroF1,
    )
  })
})

describe.each(titled(recording.regression))('scikit-learn, %s', (_, each) => {
  const make = (values: readonly number[] | Matrix): Tensor =>
    Array.isArray(values[0]) ? rows(values as Matrix) : floats(values as readonly number[])
  const over = (measure: (predictions: Tensor, targets: Tensor) => MetricState) =>
    mergedValue(
      halves(each.targets.length).map(
        ([from, to]) =>
          () =>
            measure(make(each.predictions.slice(from, to)), make(each.targets.slice(from, to))),
      ),
    )

  it('errors', () => {
    expectValues(over(mse), each.mse, 5)
    expectValues(over(mae), each.mae, 5)
    if (each.rmse !== undefined) expectValues(over(rmse), each.rmse, 5)
  })

  it('R²', () => {
    expectValues(over(r2), each.r2, 5)
    expectValues(
      over((predictions, targets) => r2(predictions, targets, { center: 1 })),
      each.r2,
      5,
    )
    if (each.r2ByVariance === undefined || !each.r2ByOutput) return
    expectValues(
      over((predictions, targets) => r2(predictions, targets, { outputs: 'variance' })),
      each.r2ByVariance,
      5,
    )
    expectValues(
      over((predictions, targets) => r2(predictions, targets, { outputs: 'none' })),
      byKey(each.r2ByOutput),
      5,
    )
  })
})

it('the weighted mean is that of NumPy', () => {
  const { values, weights, mean: expected } = recording.mean
  expectValues(
    mergedValue(
      halves(values.length).map(
        ([from, to]) =>
          () =>
            mean(floats(values.slice(from, to)), floats(weights.slice(from, to))),
      ),
    ),
    expected,
  )
})
