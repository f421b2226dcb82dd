import { type Initializer, normal, uniform } from '@levin/core'
import { numberWithin } from '../options.js'
import { fansOf } from './fans.js'

export interface XavierOptions {
  /** Factor on the standard deviation. Default 1. */
  readonly gain?: number
}

/** Uniform within `±gain · √(6 / (fanIn + fanOut))`. Glorot & Bengio 2010; PyTorch's `xavier_uniform_`. */
export const xavierUniform = (options: XavierOptions = {}): Initializer =>
  xavier('xavierUniform', options, (deviation) => uniform(-Math.sqrt(3) * deviation, Math.sqrt(3) * deviation))

/** Normal with standard deviation `gain · √(2 / (fanIn + fanOut))`. Glorot & Bengio 2010; PyTorch's `xavier_normal_`. */
export const xavierNormal = (options: XavierOptions = {}): Initializer =>
  xavier('xavierNormal', options, (deviation) => normal(0, deviation))

// --- Internal helpers ---

function xavier(
  name: string,
  { gain = 1 }: XavierOptions,
  distribution: (deviation: number) => Initializer,
): Initializer {
  numberWithin(name, 'gain', gain, { above: 0 })
  return {
    name,
    fill(target, key, layout) {
      const { fanIn, fanOut } = fansOf(layout.globalShape)
      distribution(gain * Math.sqrt(2 / Math.max(fanIn + fanOut, 1))).fill(target, key, layout)
    },
  }
}
