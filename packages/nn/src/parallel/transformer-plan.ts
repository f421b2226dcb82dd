import type { LinearStyle } from './linear-styles.js'

export interface TransformerPlanOptions {
  /** Pattern of the paths of the `transformerBlock`s. Default `'blocks.*'`. */
  readonly blocks?: string
  /** Path of the `embedding` of the tokens, whose table is divided. Default: every rank has all of it. */
  readonly tokens?: string
  /**
   * Path of the `linear` that gives the logits. Needed where sequences are divided, since it gathers them. Default: every rank has
   * all of it.
   */
  readonly head?: string
  /**
   * `'gatheredColumn'` gives every rank all logits, for any loss and any metric; `'vocabulary'` leaves each its part, for
   * `vocabularyCrossEntropy`, and moves a few numbers per token instead of all its logits. Default `'gatheredColumn'`.
   */
  readonly headStyle?: Extract<LinearStyle, 'gatheredColumn' | 'vocabulary'>
}

/**
 * How ranks share a transformer of this package: a plan for tensor parallelism, from paths to styles.
 *
 * @example
 * transformerPlan({ blocks: 'net.blocks.*', tokens: 'net.tokens', head: 'net.head' })
 * // { 'net.blocks.*': 'block', 'net.tokens': 'vocabulary', 'net.head': 'gatheredColumn' }
 */
export function transformerPlan(options: TransformerPlanOptions = {}): Record<string, string> {
  const { blocks = 'blocks.*', tokens, head, headStyle = 'gatheredColumn' } = options
  return {
    [blocks]: 'block',
    ...(tokens === undefined ? {} : { [tokens]: 'vocabulary' }),
    ...(head === undefined ? {} : { [head]: headStyle }),
  }
}
