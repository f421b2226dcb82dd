import {
  add,
  expm1,
  minimum,
  mul,
  neg,
  square,
  step,
  sub,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'

/** Activations whose derivative is computed from their output, which the next op keeps anyway as its input: no memory of its own. */
export type OutputActivation = 'relu' | 'leakyRelu' | 'elu' | 'sigmoid' | 'tanh' | 'softplus'

/** Inputs of the gradient kernels of such activations. Output: one tensor of their shape. */
export interface OutputGradientInputs {
  /** Gradient of the output. */
  readonly dy: TensorInfo
  /** The activation's output, of the shape of `dy`. */
  readonly y: TensorInfo
}

/** The only attribute of these kernels. */
export interface ActivationGradAttrs {
  /** `leakyRelu`: the factor on negative values, 0 or more. `elu`: the negated limit. Otherwise 0 and unused. */
  readonly alpha: number
}

/** `dy · f'(x)` from `y = f(x)`, by the backend's kernel or composed. A fresh tensor. */
export function gradientFromOutput(kind: OutputActivation, dy: Tensor, y: Tensor, alpha = 0): Tensor {
  const name = gradientKernels[kind]
  if (hasKernel(name)) return callOwnKernel(name, { dy, y }, { alpha })[0] as Tensor
  return tidy(() => mul(dy, derivatives[kind](y, alpha)))
}

// --- Internal helpers ---

const gradientKernels = {
  relu: kernelNames.reluGrad,
  leakyRelu: kernelNames.leakyReluGrad,
  elu: kernelNames.eluGrad,
  sigmoid: kernelNames.sigmoidGrad,
  tanh: kernelNames.tanhGrad,
  softplus: kernelNames.softplusGrad,
} as const

const derivatives: Record<OutputActivation, (y: Tensor, alpha: number) => Tensor> = {
  relu: (y) => step(y),
  leakyRelu: (y, alpha) => step(y, alpha),
  // alpha · exp(x) = y + alpha below zero, 1 above.
  elu: (y, alpha) => add(mul(step(y), 1 - alpha), add(minimum(y, 0), alpha)),
  sigmoid: (y) => mul(y, sub(1, y)),
  tanh: (y) => sub(1, square(y)),
  // sigmoid(x) = 1 - exp(-softplus(x)), without cancellation.
  softplus: (y) => neg(expm1(neg(y))),
}
