import {
  abs,
  add,
  broadcastTo,
  exp,
  log1p,
  mul,
  neg,
  relu,
  sigmoid,
  sub,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core'
import { check, checkFloat, checkShape, format } from './checks.js'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { checkReduction, type Reduction, reduce, spread } from './reduction.js'
import { recordNode } from './tape-node.js'

/** Inputs of `LevinBinaryCrossEntropy`, all float32 and of one shape. Output: the loss, `[]`, or of that shape unreduced. */
export interface BinaryCrossEntropyInputs {
  readonly logits: TensorInfo
  readonly targets: TensorInfo
  /** Factor on the positive part of each element; absent where one number serves all. */
  readonly positiveWeight?: TensorInfo
  /** Factor on each element's loss. */
  readonly weight?: TensorInfo
}

/** Inputs of `LevinBinaryCrossEntropyGrad`. Output: gradient of the logits. */
export interface BinaryCrossEntropyGradInputs extends BinaryCrossEntropyInputs {
  /** Gradient of the loss: `[]`, or of the logits' shape unreduced. */
  readonly dy: TensorInfo
}

export interface BinaryCrossEntropyAttrs {
  /** The positive weight of all elements, where the tensor is absent. 1 is none. */
  readonly positiveWeight: number
  readonly reduction: Reduction
}

export interface BinaryCrossEntropyOptions {
  /** Factor on the loss of positives: a number, or a tensor that broadcasts to the logits (say `[classes]`). Default 1. */
  readonly positiveWeight?: number | Tensor | undefined
  /** Factor on each element's loss, broadcastable to the logits. Default 1. Does not enter the mean's divisor. */
  readonly weight?: Tensor | undefined
  /** Default `'mean'`: over all elements. */
  readonly reduction?: Reduction | undefined
}

/**
 * Binary cross-entropy of `sigmoid(logits)` with `targets`, stable for logits of any size: PyTorch's
 * `binary_cross_entropy_with_logits`. Keeps logits and targets. Weights have no gradient.
 *
 * @param logits `[...]` float32
 * @param targets probabilities of the positive class, of the shape of `logits`, float32
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const { positiveWeight = 1, weight, reduction = 'mean' } = options
  checkArguments(logits, targets, options)
  const attrs = { positiveWeight: typeof positiveWeight === 'number' ? positiveWeight : 1, reduction }
  return recordNode({
    name: 'binaryCrossEntropyWithLogits',
    inputs: { logits, targets },
    forward(save) {
      const inputs: Operands = { logits, targets }
      if (typeof positiveWeight !== 'number') inputs.positiveWeight = broadcastTo(positiveWeight, logits.shape)
      if (weight !== undefined) inputs.weight = broadcastTo(weight, logits.shape)
      save(Object.values(inputs))
      return hasKernel(kernelNames.binaryCrossEntropy)
        ? (callOwnKernel(kernelNames.binaryCrossEntropy, inputs, attrs)[0] as Tensor)
        : composedForward(inputs, attrs)
    },
    backward(dy, saved) {
      const [savedLogits, savedTargets, ...weights] = saved as [Tensor, Tensor, ...Tensor[]]
      const inputs: Operands & { dy: Tensor } = { logits: savedLogits, targets: savedTargets, dy }
      if (typeof positiveWeight !== 'number') inputs.positiveWeight = weights.shift() as Tensor
      if (weight !== undefined) inputs.weight = weights.shift() as Tensor
      return {
        logits: () => tidy(() => logitsGradient(inputs, attrs)),
        targets: () => tidy(() => targetsGradient(inputs, attrs)),
      }
    },
  })
}

// --- Internal helpers ---

interface Operands {
  logits: Tensor
  targets: Tensor
  positiveWeight?: Tensor
  weight?: Tensor
}

// log(1 + exp(-x)) without overflow, and without cancellation where it is small.
const softplusOfNegative = (x: Tensor): Tensor => add(log1p(exp(neg(abs(x)))), relu(neg(x)))

/** Factor on softplus(-x): 1 + (positiveWeight - 1) · targets, or `undefined` where that is 1. */
function positiveFactor({ targets, positiveWeight }: Operands, attrs: BinaryCrossEntropyAttrs): Tensor | undefined {
  const weight = positiveWeight ?? attrs.positiveWeight
  return weight === 1 ? undefined : add(mul(targets, sub(weight, 1)), 1)
}

const times = (x: Tensor, factor: Tensor | undefined): Tensor => (factor === undefined ? x : mul(x, factor))

function composedForward(inputs: Operands, attrs: BinaryCrossEntropyAttrs): Tensor {
  const { logits, targets, weight } = inputs
  const positive = times(softplusOfNegative(logits), positiveFactor(inputs, attrs))
  return reduce(times(add(mul(sub(1, targets), logits), positive), weight), attrs.reduction)
}

function logitsGradient(inputs: Operands & { dy: Tensor }, attrs: BinaryCrossEntropyAttrs): Tensor {
  if (hasKernel(kernelNames.binaryCrossEntropyGrad)) {
    return callOwnKernel(kernelNames.binaryCrossEntropyGrad, inputs, attrs)[0] as Tensor
  }
  const { logits, targets, weight, dy } = inputs
  const positive = times(sigmoid(neg(logits)), positiveFactor(inputs, attrs))
  const perElement = times(sub(sub(1, targets), positive), weight)
  return mul(perElement, spread(dy, attrs.reduction, logits.size))
}

// Rarely asked for (targets that are learnt), so never a kernel of its own.
function targetsGradient(inputs: Operands & { dy: Tensor }, attrs: BinaryCrossEntropyAttrs): Tensor {
  const { logits, weight, dy } = inputs
  const positiveWeight = inputs.positiveWeight ?? attrs.positiveWeight
  const slope =
    positiveWeight === 1 ? neg(logits) : sub(mul(softplusOfNegative(logits), sub(positiveWeight, 1)), logits)
  return mul(times(slope, weight), spread(dy, attrs.reduction, logits.size))
}

function checkArguments(logits: Tensor, targets: Tensor, options: BinaryCrossEntropyOptions): void {
  const name = 'binaryCrossEntropyWithLogits'
  checkFloat(name, 'logits', logits)
  checkFloat(name, 'targets', targets)
  checkShape(name, 'targets', targets, logits.shape, 'that of `logits`')
  checkReduction(name, options.reduction ?? 'mean')
  for (const key of ['positiveWeight', 'weight'] as const) {
    const factor = options[key]
    if (factor === undefined || typeof factor === 'number') continue
    checkFloat(name, key, factor)
    const shape = factor.shape
    const trailing = logits.shape.slice(logits.rank - shape.length)
    check(
      shape.length <= logits.rank && shape.every((size, axis) => size === 1 || size === trailing[axis]),
      name,
      () => `\`${key}\` must broadcast to \`logits\` ${format(logits.shape)}, but has shape ${format(shape)}`,
    )
  }
}
