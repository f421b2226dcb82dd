import {
  add,
  clipByValue,
  erf,
  exp,
  Multiply,
  mul,
  sigmoid,
  square,
  step,
  sub,
  type Tensor,
  type TensorInfo,
  tanh,
  tidy,
} from '@tensorflow/tfjs-core'
import { check, checkFloat } from './checks.js'
import { callKernel, callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { recordNode } from './tape-node.js'
import { looksFor } from './wanted-kernels.js'

/** Input of `LevinGelu`, `LevinSilu` and `LevinHardSwish`. Outputs: `[y]`, or `[y, slope]` where the slope is asked for. */
export interface GatedActivationInputs {
  readonly x: TensorInfo
}

/** Attributes of the three. */
export interface GatedActivationAttrs {
  /** 1: the derivative at x as well, which backward multiplies by. */
  readonly slope: 0 | 1
}

export interface GeluAttrs extends GatedActivationAttrs {
  /** 1: by tanh. 0: exact, by erf. */
  readonly approximate: 0 | 1
}

export interface GeluOptions {
  /** `'none'`: exact, `x · Φ(x)`. `'tanh'`: `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))`. Default `'none'`, as in PyTorch. */
  readonly approximate?: 'none' | 'tanh' | undefined
}

/** Gaussian error linear unit. Keeps its slope; x, without a kernel. Hendrycks & Gimpel 2016. */
export const gelu = /* @__PURE__ */ looksFor(
  ['LevinGelu'],
  function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
    check(
      approximate === 'none' || approximate === 'tanh',
      'gelu',
      () => `\`approximate\` must be 'none' or 'tanh', but is '${String(approximate)}'`,
    )
    const formula = approximate === 'tanh' ? tanhGelu : exactGelu
    return gated('gelu', x, { approximate: approximate === 'tanh' ? 1 : 0 }, formula)
  },
)

/** `x · sigmoid(x)`, also called swish. Keeps its slope; x, without a kernel. */
export const silu = /* @__PURE__ */ looksFor(['LevinSilu'], (x: Tensor): Tensor => gated('silu', x, {}, siluFormula))

/** `x · min(max(x + 3, 0), 6) / 6`. Keeps its slope; x, without a kernel. Howard et al. 2019. */
export const hardSwish = /* @__PURE__ */ looksFor(
  ['LevinHardSwish'],
  (x: Tensor): Tensor => gated('hardSwish', x, {}, hardSwishFormula),
)

// --- Internal helpers ---

interface Formula {
  value(x: Tensor): Tensor
  derivative(x: Tensor): Tensor
}

const kernels = {
  gelu: kernelNames.gelu,
  silu: kernelNames.silu,
  hardSwish: kernelNames.hardSwish,
} as const

function gated(kind: keyof typeof kernels, x: Tensor, attrs: object, formula: Formula): Tensor {
  checkFloat(kind, 'x', x)
  const name = kernels[kind]
  const useKernel = hasKernel(name)
  return recordNode({
    name: kind,
    inputs: { x },
    forward(save, isRecorded) {
      if (!useKernel) {
        save([x])
        return formula.value(x)
      }
      const slope = isRecorded ? 1 : 0
      const [y, derivative] = callOwnKernel(name, { x }, { ...attrs, slope } as GeluAttrs) as [Tensor, Tensor?]
      if (derivative !== undefined) save([derivative])
      return y
    },
    backward: (dy, saved) => ({
      x: () => {
        const kept = saved[0] as Tensor
        return useKernel
          ? (callKernel(Multiply, { a: dy, b: kept }, {})[0] as Tensor)
          : tidy(() => mul(dy, formula.derivative(kept)))
      },
    }),
  })
}

const normalCdf = (x: Tensor): Tensor => mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)

const exactGelu: Formula = {
  value: (x) => mul(x, normalCdf(x)),
  derivative: (x) => {
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return add(normalCdf(x), mul(x, density))
  },
}

const CUBIC = 0.044715
const SCALE = Math.sqrt(2 / Math.PI)

const tanhGelu: Formula = {
  value: (x) => mul(mul(x, 0.5), add(tanh(tanhArgument(x)), 1)),
  derivative: (x) => {
    const t = tanh(tanhArgument(x))
    const slope = mul(add(mul(square(x), 3 * CUBIC), 1), SCALE)
    const outer = mul(mul(mul(x, 0.5), sub(1, square(t))), slope)
    return add(mul(add(t, 1), 0.5), outer)
  },
}

const tanhArgument = (x: Tensor): Tensor => mul(mul(x, add(mul(square(x), CUBIC), 1)), SCALE)

const siluFormula: Formula = {
  value: (x) => mul(x, sigmoid(x)),
  derivative: (x) => {
    const gate = sigmoid(x)
    return mul(gate, add(mul(x, sub(1, gate)), 1))
  },
}

const hardSwishFormula: Formula = {
  value: (x) => mul(mul(x, clipByValue(add(x, 3), 0, 6)), 1 / 6),
  // 0 up to -3, 1 from 3 on, x/3 + 1/2 between, as in PyTorch.
  derivative: (x) => {
    const below3 = step(sub(3, x))
    const between = sub(below3, sub(1, step(add(x, 3))))
    return add(mul(between, add(mul(x, 1 / 3), 0.5)), sub(1, below3))
  },
}
