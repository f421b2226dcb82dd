import {
  add,
  div,
  exp,
  expandDims,
  logSumExp,
  mul,
  sub,
  sum,
  type Tensor,
  type TensorInfo,
  tidy,
} from '@tensorflow/tfjs-core'
import { callOwnKernel, hasKernel } from './kernel.js'
import { kernelNames } from './kernel-names.js'
import { type Reduction, spread } from './reduction.js'
import { reshaped } from './reshaped.js'
import { sumAll } from './sums.js'
import { recordNode } from './tape-node.js'

/**
 * Inputs of `LevinSoftCrossEntropy`. Outputs: `[loss, logSumExp]`: loss `[]`, or `[rows]` unreduced; logSumExp `[rows]`.
 */
export interface SoftCrossEntropyInputs {
  /** `[rows, classes]` float32. */
  readonly logits: TensorInfo
  /** `[rows, classes]` float32, before smoothing. */
  readonly targets: TensorInfo
  /** `[classes]` float32, where classes are weighted. */
  readonly weight?: TensorInfo
}

/** Inputs of `LevinSoftCrossEntropyGrad`. Output: gradient of the logits, `[rows, classes]`. */
export interface SoftCrossEntropyGradInputs extends SoftCrossEntropyInputs {
  /** Gradient of the loss: `[]`, or `[rows]` unreduced. */
  readonly dy: TensorInfo
  /** `[rows]`, of the forward. */
  readonly logSumExp: TensorInfo
}

export interface SoftCrossEntropyAttrs {
  readonly labelSmoothing: number
  readonly reduction: Reduction
}

/** Cross-entropy with class probabilities; arguments are checked by its caller. */
export function softCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  weight: Tensor | undefined,
  attrs: SoftCrossEntropyAttrs,
): Tensor {
  const classes = logits.shape[logits.rank - 1] as number
  const outShape = logits.shape.slice(0, -1)
  const rows = outShape.reduce((product, size) => product * size, 1)
  const flat = (tensor: Tensor) => reshaped(tensor, [rows, classes])
  return recordNode({
    name: 'softmaxCrossEntropy',
    inputs: { logits, targets },
    forward(save) {
      const inputs = withWeight({ logits: flat(logits), targets: flat(targets) }, weight)
      const [loss, logSumExps] = hasKernel(kernelNames.softCrossEntropy)
        ? (callOwnKernel(kernelNames.softCrossEntropy, inputs, attrs) as [Tensor, Tensor])
        : composedForward(inputs, attrs)
      const saved = [inputs.logits, inputs.targets, logSumExps]
      save(weight === undefined ? saved : [...saved, weight])
      return attrs.reduction === 'none' ? reshaped(loss, outShape) : loss
    },
    backward(dy, saved) {
      const [savedLogits, savedTargets, logSumExps, savedWeight] = saved as [Tensor, Tensor, Tensor, Tensor?]
      const operands = withWeight({ logits: savedLogits, targets: savedTargets }, savedWeight)
      const flatDy = () => (attrs.reduction === 'none' ? reshaped(dy, [rows]) : dy)
      return {
        logits: () =>
          tidy(() =>
            reshaped(logitsGradient({ ...operands, dy: flatDy(), logSumExp: logSumExps }, attrs), logits.shape),
          ),
        targets: () =>
          tidy(() =>
            reshaped(targetsGradient({ ...operands, dy: flatDy(), logSumExp: logSumExps }, attrs), targets.shape),
          ),
      }
    },
  })
}

// --- Internal helpers ---

interface Operands {
  logits: Tensor
  targets: Tensor
  weight?: Tensor
}
type GradientOperands = Operands & { dy: Tensor; logSumExp: Tensor }

const withWeight = (operands: Operands, weight: Tensor | undefined): Operands =>
  weight === undefined ? operands : { ...operands, weight }

/** Targets after smoothing, times the class weights. */
function weightedTargets({ logits, targets, weight }: Operands, { labelSmoothing }: SoftCrossEntropyAttrs): Tensor {
  const classes = logits.shape[1] as number
  const smoothed = labelSmoothing > 0 ? add(mul(targets, 1 - labelSmoothing), labelSmoothing / classes) : targets
  return weight === undefined ? smoothed : mul(smoothed, weight)
}

function composedForward(operands: Operands, attrs: SoftCrossEntropyAttrs): [Tensor, Tensor] {
  const { logits } = operands
  const logSumExps = logSumExp(logits, 1)
  const losses = sum(mul(weightedTargets(operands, attrs), sub(expandDims(logSumExps, 1), logits)), 1)
  if (attrs.reduction === 'none') return [losses, logSumExps]
  const total = sumAll(losses)
  return [attrs.reduction === 'sum' ? total : div(total, losses.size), logSumExps]
}

function logitsGradient(inputs: GradientOperands, attrs: SoftCrossEntropyAttrs): Tensor {
  if (hasKernel(kernelNames.softCrossEntropyGrad)) {
    return callOwnKernel(kernelNames.softCrossEntropyGrad, inputs, attrs)[0] as Tensor
  }
  const { logits, logSumExp: logSumExps } = inputs
  const targets = weightedTargets(inputs, attrs)
  const probabilities = exp(sub(logits, expandDims(logSumExps, 1)))
  return mul(sub(mul(probabilities, sum(targets, 1, true)), targets), perRow(inputs, attrs))
}

// Rarely asked for (a teacher that learns too), so never a kernel of its own.
function targetsGradient(inputs: GradientOperands, attrs: SoftCrossEntropyAttrs): Tensor {
  const { logits, logSumExp: logSumExps, weight } = inputs
  const surprise = mul(sub(expandDims(logSumExps, 1), logits), 1 - attrs.labelSmoothing)
  return mul(weight === undefined ? surprise : mul(surprise, weight), perRow(inputs, attrs))
}

function perRow({ dy, logits }: GradientOperands, { reduction }: SoftCrossEntropyAttrs): Tensor {
  return reduction === 'none' ? expandDims(dy, 1) : spread(dy, reduction, logits.shape[0] as number)
}
