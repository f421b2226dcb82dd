import { type Initializer, normal, uniform } from '@levin/core'
import { badOption } from '../options.js'
import { fansOf, gainFor, type Nonlinearity } from './fans.js'

export interface KaimingOptions {
  /** Slope of the leaky ReLU for negative values. Default 0. */
  readonly a?: number
  /** Which fan keeps its variance: of the forward (`'fanIn'`) or of the backward pass. Default `'fanIn'`. */
  readonly mode?: 'fanIn' | 'fanOut'
  /** The activation that follows. Default `'leakyRelu'` with slope `a`. */
  readonly nonlinearity?: Nonlinearity
  /** The fan itself, where the shape does not tell it (depthwise filters). Default: from the shape. */
  readonly fan?: number
}

/** Uniform within `±gain · √(3 / fan)`. He et al. 2015; PyTorch's `kaiming_uniform_`. */
export const kaimingUniform = (options: KaimingOptions = {}): Initializer =>
  kaiming('kaimingUniform', options, (deviation) => uniform(-Math.sqrt(3) * deviation, Math.sqrt(3) * deviation))

/** Normal with standard deviation `gain / √fan`. He et al. 2015; PyTorch's `kaiming_normal_`. */
export const kaimingNormal = (options: KaimingOptions = {}): Initializer =>
  kaiming('kaimingNormal', options, (deviation) => normal(0, deviation))

// --- Internal helpers ---

function kaiming(
  name: string,
  { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu', fan }: KaimingOptions,
  distribution: (deviation: number) => Initializer,
): Initializer {
  if (mode !== 'fanIn' && mode !== 'fanOut') throw badOption(name, 'mode', "'fanIn' or 'fanOut'", mode)
  const gain = gainFor(nonlinearity, a)
  if (!Number.isFinite(gain)) throw badOption(name, 'nonlinearity', 'the name of an activation', nonlinearity)
  return {
    name,
    fill(target, key, layout) {
      // An empty weight has no fan, and nothing to fill.
      const deviation = gain / Math.sqrt(Math.max(fan ?? fansOf(layout.globalShape)[mode], 1))
      distribution(deviation).fill(target, key, layout)
    },
  }
}
