import { cast, greaterEqual, mul, type Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { recordNode } from './tape-node.js'
import { looksFor } from './wanted-kernels.js'

/**
 * Input of `LevinDropout`. Output: one tensor of its shape, `x / (1 - rate)` where the element's uniform is at least
 * `rate`, else 0. The gradient is the same kernel applied to dy: nothing is kept.
 *
 * The uniform of an element, i being its row-major index in the whole (`globalShape`): word `i mod 4` of
 * Philox 4×32-10 with counter `(low, high, 0, 0)`, the two 32-bit halves of `⌊i / 4⌋`, and key `(key0, key1)`;
 * `(word >>> 8) · 2⁻²⁴`. These are the bits that `draw` gives where there is no kernel.
 */
export interface DropoutInputs {
  readonly x: TensorInfo
}

export interface DropoutAttrs {
  /** Share of elements dropped, in [0, 1). */
  readonly rate: number
  /** Philox key: two unsigned 32-bit words. */
  readonly key0: number
  readonly key1: number
  /** Shape of the whole tensor that x is a part of; of the rank of x. Its first size places nothing and may be `Infinity`. */
  readonly globalShape: readonly number[]
  /** Where x begins in the whole, one index per axis. */
  readonly start: readonly number[]
}

export interface DropoutOptions {
  /** Share of elements dropped, 0 to 1. */
  readonly rate: number
  /** Philox key: two unsigned 32-bit words. */
  readonly key: readonly [number, number]
  /** How x lies in the tensor of the whole window and all tensor ranks. Default: x is the whole. */
  readonly layout?: { readonly globalShape: readonly number[]; readonly start: readonly number[] } | undefined
  /** Uniforms in [0, 1) of the shape of x, the ones that `key` and `layout` stand for. Called where the backend has no kernel. */
  readonly draw: () => Tensor
}

/**
 * Sets elements to zero at random and scales the rest by `1 / (1 - rate)`: an element stays where its uniform is at
 * least `rate`. Srivastava et al. 2014.
 *
 * A kernel computes the uniforms itself, in backward again, and keeps nothing; without one the mask is kept.
 *
 * @param x float32
 */
export const dropout = /* @__PURE__ */ looksFor(
  ['LevinDropout'],
  function dropout(x: Tensor, options: DropoutOptions): Tensor {
    const attrs = checkedAttributes(x, options)
    const useKernel = hasKernel(kernelNames.dropout) && attrs.rate < 1
    return recordNode({
      name: 'dropout',
      inputs: { x },
      forward(save) {
        if (useKernel) return callOwnKernel(kernelNames.dropout, { x }, attrs)[0] as Tensor
        const mask = scaledMask('dropout', x.shape, options)
        save([mask])
        return mul(x, mask)
      },
      backward: (dy, saved) => ({
        x: () =>
          useKernel ? (callOwnKernel(kernelNames.dropout, { x: dy }, attrs)[0] as Tensor) : mul(dy, saved[0] as Tensor),
      }),
    })
  },
)

/**
 * What elements are multiplied by: 0 where dropped, `1 / (1 - rate)` elsewhere.
 *
 * @param op whose errors name it
 */
export function scaledMask(
  op: string,
  shape: readonly number[],
  { rate, draw }: Pick<DropoutOptions, 'rate' | 'draw'>,
): Tensor {
  return tidy(() => {
    const uniforms = draw()
    checkShape(op, 'draw()', uniforms, shape, 'that of what is dropped')
    // With rate 1 nothing stays, and the scale must not be infinite.
    return mul(cast(greaterEqual(uniforms, rate), 'float32'), rate < 1 ? 1 / (1 - rate) : 0)
  })
}

// --- Internal helpers ---

function checkedAttributes(x: Tensor, { rate, key, layout }: DropoutOptions): DropoutAttrs {
  checkFloat('dropout', 'x', x)
  check(rate >= 0 && rate <= 1, 'dropout', () => `\`rate\` must be from 0 to 1, but is ${rate}`)
  const { globalShape = x.shape, start = x.shape.map(() => 0) } = layout ?? {}
  check(
    globalShape.length === x.rank && start.length === x.rank,
    'dropout',
    () =>
      `\`layout\` must have one number per axis of \`x\` ${format(x.shape)}, but has globalShape ${format(globalShape)} and start ${format(start)}`,
  )
  return { rate, key0: key[0], key1: key[1], globalShape, start }
}
