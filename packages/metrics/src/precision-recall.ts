import type { MetricDefinition, MetricState } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'
import { type Average, averageMetric } from './averages.js'
import { badOption, countFrom, oneOf } from './checks.js'
import { type ClassCountOptions, checkClassOptions, hitsAndTotals, measureClasses } from './class-counts.js'

export interface PrecisionRecallOptions extends ClassCountOptions {
  /** Default `'macro'`; with `threshold` the value of the positive class alone. */
  readonly average?: Average
  /** The value of this class alone, instead of an average. Default: 1 with `threshold`, otherwise none. */
  readonly positive?: number
}

type Score = 'precision' | 'recall' | 'f1'

/**
 * Of what was predicted as a class, the share that is of it: hits / predictions. 0 where nothing was predicted.
 *
 * @param output scores `[…, classes]`, class indices `[…]` (int32), or with `threshold` scores of two classes `[…]`
 * @param labels class indices `[…]`, int32
 * @throws LEVIN_BATCH_SHAPE, LEVIN_BAD_OPTION
 */
export function precision(output: Tensor, labels: Tensor, options: PrecisionRecallOptions = {}): MetricState {
  return scoreOf('precision', output, labels, options)
}

/** Of what is of a class, the share that was predicted as it: hits / labels. 0 without labels. See {@link precision}. */
export function recall(output: Tensor, labels: Tensor, options: PrecisionRecallOptions = {}): MetricState {
  return scoreOf('recall', output, labels, options)
}

/** The harmonic mean of precision and recall: 2 · hits / (predictions + labels). 0 without both. See {@link precision}. */
export function f1(output: Tensor, labels: Tensor, options: PrecisionRecallOptions = {}): MetricState {
  return scoreOf('f1', output, labels, options)
}

/** What a definition is made of where no batch tells. */
export interface ScoreDefinitionOptions {
  readonly classes: number
  readonly average?: Average
  readonly positive?: number
}

/** Definition of {@link precision}, to compute merged states without a batch. State: `[3 · classes]`, hits, predictions, labels. */
export const precisionMetric = (options: ScoreDefinitionOptions): MetricDefinition => definitionOf('precision', options)
/** Definition of {@link recall}. */
export const recallMetric = (options: ScoreDefinitionOptions): MetricDefinition => definitionOf('recall', options)
/** Definition of {@link f1}. */
export const f1Metric = (options: ScoreDefinitionOptions): MetricDefinition => definitionOf('f1', options)

function scoreOf(name: Score, output: Tensor, labels: Tensor, options: PrecisionRecallOptions): MetricState {
  checkScoreOptions(name, options)
  const { average } = options
  return measureClasses(
    {
      name,
      definition: (classes, { kind }) => {
        const positive = options.positive ?? (kind === 'binary' && average === undefined ? 1 : undefined)
        return definitionOf(name, { classes, ...(average && { average }), ...(positive !== undefined && { positive }) })
      },
      reduce: hitsAndTotals,
    },
    output,
    labels,
    options,
  )
}

function definitionOf(name: Score, options: ScoreDefinitionOptions): MetricDefinition {
  checkScoreOptions(name, options)
  const { classes, average = 'macro', positive } = options
  if (positive !== undefined && positive >= classes) {
    throw badOption(
      `The option \`positive\` of ${name} is wrong.`,
      `one of the classes 0 to ${classes - 1}`,
      String(positive),
    )
  }
  return averageMetric({ name, classes, positive: positive ?? null, average })
}

function checkScoreOptions(name: Score, options: PrecisionRecallOptions): void {
  checkClassOptions(name, options, { average: oneOf('micro', 'macro', 'weighted', 'none'), positive: countFrom(0) })
  if (options.average === undefined || options.positive === undefined) return
  throw badOption(
    `${name} got both \`average\` and \`positive\`.`,
    'one of the two',
    undefined,
    "The value of one class is no average; average: 'none' gives every class its own.",
  )
}
