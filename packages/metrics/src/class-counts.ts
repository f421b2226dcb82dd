import type { MetricDefinition, MetricState } from '@levin/core'
import { cast, concat, expandDims, logicalAnd, matMul, mul, reshape, sum, type Tensor } from '@tensorflow/tfjs-core'
import { badOption, batchError, checkOptions, countFrom, type OptionRule } from './checks.js'
import {
  atIndex,
  type ClassBatch,
  type ClassOptions,
  classOptionRules,
  counted,
  labelClasses,
  predictedClasses,
  readBatch,
} from './classes.js'
import { emptyState, measure } from './measure.js'

export interface ClassCountOptions extends ClassOptions {
  /** How many classes there are. Default: as many as there are scores; needed where the outputs are class indices. */
  readonly classes?: number
}

const classCountRules: Readonly<Record<keyof ClassCountOptions, OptionRule>> = {
  ...classOptionRules,
  classes: countFrom(2),
}

/** One-hot rows of predictions and labels, `[count, classes]`, zero where a label does not count. */
export interface ClassRows {
  readonly predicted: Tensor
  readonly actual: Tensor
}

/** What a metric over classes makes of a batch. */
export interface ClassMeasure {
  readonly name: string
  readonly definition: (classes: number, batch: ClassBatch) => MetricDefinition
  readonly reduce: (rows: ClassRows) => Tensor
}

/**
 * The state of a metric that counts by class.
 *
 * @throws LEVIN_BATCH_SHAPE, LEVIN_BAD_OPTION
 */
export function measureClasses(
  { name, definition, reduce }: ClassMeasure,
  output: Tensor,
  labels: Tensor,
  options: ClassCountOptions,
): MetricState {
  const batch = readBatch(name, output, labels, options)
  const classes = classesOf(name, batch, options)
  const metric = definition(classes, batch)
  if (batch.count === 0) return measure(metric, () => emptyState(metric))
  return measure(metric, () => {
    const indices = labelClasses(labels)
    const mask = counted(indices, options)
    const oneHot = (chosen: Tensor): Tensor => {
      const hits = atIndex(chosen, classes)
      return cast(mask ? logicalAnd(hits, expandDims(mask, 1)) : hits, 'float32')
    }
    return reduce({ predicted: oneHot(predictedClasses(output, batch, options)), actual: oneHot(indices) })
  })
}

/** `[3 · classes]`: per class the hits, then the predictions, then the labels. */
export const hitsAndTotals = ({ predicted, actual }: ClassRows): Tensor =>
  concat([sum(mul(predicted, actual), 0), sum(predicted, 0), sum(actual, 0)])

/** `[classes · classes]`: by label, then by prediction. */
export const confusions = ({ predicted, actual }: ClassRows): Tensor =>
  reshape(matMul(actual, predicted, true, false), [-1])

export function checkClassOptions(
  name: string,
  options: ClassCountOptions,
  more: Readonly<Record<string, OptionRule>>,
): void {
  checkOptions(name, options, { ...classCountRules, ...more })
  const { classes, threshold } = options
  if (threshold === undefined || classes === undefined || classes === 2) return
  throw badOption(`The option \`classes\` of ${name} is wrong.`, '2 with `threshold`', String(classes))
}

function classesOf(name: string, { kind, classes }: ClassBatch, options: ClassCountOptions): number {
  const known = options.classes ?? classes
  if (known === undefined) {
    throw badOption(
      `${name} cannot tell how many classes there are.`,
      'the option `classes` to go with class indices',
      'none',
    )
  }
  if (kind !== 'scores' || known === classes) return known
  throw batchError(name, `scores of the ${known} classes of the option \`classes\``, `${classes}`)
}
