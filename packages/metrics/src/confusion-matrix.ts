import type { MetricDefinition, MetricState } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { badOption, oneOf } from './checks.js'
import { type ClassCountOptions, checkClassOptions, confusions, measureClasses } from './class-counts.js'
import { memoised, ratio } from './measure.js'

/** What each count is divided by: its label's total, its prediction's total, or the total of all. */
export type ConfusionNormalisation = 'none' | 'actual' | 'predicted' | 'all'

export interface ConfusionMatrixOptions extends ClassCountOptions {
  /** Default `'none'`: counts. */
  readonly normalise?: ConfusionNormalisation
}

const NORMALISATIONS = oneOf('none', 'actual', 'predicted', 'all')

/**
 * How often each class was predicted for each class. Logged, it is one value per pair, `<name>/<label>-<prediction>`;
 * {@link confusionMatrixOf} gives the matrix of a state.
 *
 * @param output scores `[…, classes]`, class indices `[…]` (int32), or with `threshold` scores of two classes `[…]`
 * @param labels class indices `[…]`, int32. What lies outside the classes is not counted.
 * @throws LEVIN_BATCH_SHAPE, LEVIN_BAD_OPTION
 */
export function confusionMatrix(output: Tensor, labels: Tensor, options: ConfusionMatrixOptions = {}): MetricState {
  checkClassOptions('confusionMatrix', options, { normalise: NORMALISATIONS })
  const { normalise = 'none' } = options
  return measureClasses(
    {
      name: 'confusionMatrix',
      definition: (classes) => confusionDefinition({ classes, normalise }),
      reduce: confusions,
    },
    output,
    labels,
    options,
  )
}

/** Definition of {@link confusionMatrix}, to compute merged states without a batch. State: `[classes · classes]`. */
export function confusionMatrixMetric(options: {
  readonly classes: number
  readonly normalise?: ConfusionNormalisation
}): MetricDefinition {
  checkClassOptions('confusionMatrix', options, { normalise: NORMALISATIONS })
  return confusionDefinition({ classes: options.classes, normalise: options.normalise ?? 'none' })
}

/**
 * The matrix of a state, rows by label, columns by prediction.
 *
 * @param state what the metric's tensor or an accumulator holds
 * @throws LEVIN_BAD_OPTION for a state whose size is no square
 */
export function confusionMatrixOf(
  state: ArrayLike<number>,
  { normalise = 'none' }: { readonly normalise?: ConfusionNormalisation } = {},
): number[][] {
  const classes = Math.round(Math.sqrt(state.length))
  if (classes * classes !== state.length) {
    throw badOption('This is no state of a confusion matrix.', 'classes · classes counts', `${state.length}`)
  }
  if (!NORMALISATIONS.accepts(normalise)) {
    throw badOption('The option `normalise` is wrong.', NORMALISATIONS.expected, String(normalise))
  }
  const counts = Array.from({ length: classes }, (_, row) =>
    Array.from({ length: classes }, (_, column) => state[row * classes + column] as number),
  )
  const rowTotals = counts.map(total)
  const columnTotals = counts.map((_, column) => total(counts.map((row) => row[column] as number)))
  const all = total(rowTotals)
  const divisor = (row: number, column: number): number =>
    ({ none: 1, actual: rowTotals[row] as number, predicted: columnTotals[column] as number, all })[normalise]
  return counts.map((row, i) => row.map((count, j) => ratio(count, divisor(i, j))))
}

const confusionDefinition = memoised<{ classes: number; normalise: ConfusionNormalisation }>(
  ({ classes, normalise }) => ({
    name: 'confusionMatrix',
    size: classes * classes,
    reduction: 'sum',
    compute(state) {
      const matrix = confusionMatrixOf(state, { normalise })
      return Object.fromEntries(matrix.flatMap((row, i) => row.map((value, j) => [`${i}-${j}`, value])))
    },
  }),
)

const total = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
