import {
  add,
  expm1,
  maximum,
  minimum,
  mul,
  type Tensor,
  elu as tfElu,
  leakyRelu as tfLeakyRelu,
  relu as tfRelu,
  sigmoid as tfSigmoid,
  softplus as tfSoftplus,
  tanh as tfTanh,
} from '@tensorflow/tfjs-core'
import { gradientFromOutput, type OutputActivation } from './activation-gradients.js'
import { check, checkFloat } from './checks.js'
import { recordNode } from './tape-node.js'

/** `max(x, 0)`. Keeps its output. */
export const relu = (x: Tensor): Tensor => activation('relu', x, tfRelu)

/**
 * `x` where positive, `negativeSlope · x` elsewhere. Keeps its output.
 *
 * @param negativeSlope 0 or more; default 0.01
 */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  check(negativeSlope >= 0, 'leakyRelu', () => `\`negativeSlope\` must be 0 or more, but is ${negativeSlope}`)
  return activation('leakyRelu', x, () => tfLeakyRelu(x, negativeSlope), negativeSlope)
}

/**
 * `x` where positive, `alpha · (exp(x) - 1)` elsewhere. Keeps its output. Clevert et al. 2015.
 *
 * @param alpha above 0; default 1
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  check(alpha > 0, 'elu', () => `\`alpha\` must be above 0, but is ${alpha}`)
  // tfjs's own kernel knows alpha = 1 only.
  const forward = alpha === 1 ? tfElu : () => add(maximum(x, 0), mul(expm1(minimum(x, 0)), alpha))
  return activation('elu', x, forward, alpha)
}

/** Hyperbolic tangent. Keeps its output. */
export const tanh = (x: Tensor): Tensor => activation('tanh', x, tfTanh)

/** `1 / (1 + exp(-x))`. Keeps its output. */
export const sigmoid = (x: Tensor): Tensor => activation('sigmoid', x, tfSigmoid)

/** `log(1 + exp(x))`. Keeps its output. */
export const softplus = (x: Tensor): Tensor => activation('softplus', x, tfSoftplus)

// --- Internal helpers ---

function activation(kind: OutputActivation, x: Tensor, compute: (x: Tensor) => Tensor, alpha = 0): Tensor {
  checkFloat(kind, 'x', x)
  return recordNode({
    name: kind,
    inputs: { x },
    forward(save) {
      const y = compute(x)
      save([y])
      return y
    },
    backward: (dy, saved) => ({ x: () => gradientFromOutput(kind, dy, saved[0] as Tensor, alpha) }),
  })
}
