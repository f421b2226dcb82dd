import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, optionalAddress, sizeOf } from '../kernel-definition.js'

/** Numbers of the reductions and of the regression losses in `assembly/`. */
const reductions: Readonly<Record<string, number>> = { mean: 0, sum: 1, none: 2 }
const kinds: Readonly<Record<string, number>> = { squared: 0, absolute: 1, huber: 2 }

function numberOf(table: Readonly<Record<string, number>>, attrs: NamedAttrMap, name: string): number {
  const key = String(attrs[name])
  const found = Object.hasOwn(table, key) ? table[key] : undefined
  if (found === undefined) throw new Error(`Expected ${name} to be one of ${Object.keys(table)}, found ${key}.`)
  return found
}

const reductionOf = (call: KernelCall): number => numberOf(reductions, call.attrs, 'reduction')

/** A new tensor for the loss: of `shape` where it is not reduced. */
const lossOutput = ({ runtime }: KernelCall, shape: readonly number[], reduction: number): TensorInfo =>
  runtime.output(reduction === reductions['none'] ? shape : [], 'float32')

const sparseCrossEntropy: KernelDefinition = {
  name: 'LevinSparseCrossEntropy',
  gain: 'new: softmax cross-entropy from class indices, without a one-hot matrix',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const [rows = 0, classes = 0] = logits.shape
    const reduction = reductionOf(call)
    const loss = lossOutput(call, [rows], reduction)
    const logSumExp = runtime.output([rows], 'float32')
    const totalWeight = runtime.output([], 'float32')
    runtime.wasm.sparseCrossEntropy(
      runtime.address(logits),
      runtime.address(input(call, 'labels')),
      optionalAddress(call, 'weight'),
      runtime.address(loss),
      runtime.address(logSumExp),
      runtime.address(totalWeight),
      rows,
      classes,
      Number(attrs['labelSmoothing']),
      Number(attrs['ignoreIndex']),
      reduction,
    )
    return [loss, logSumExp, totalWeight]
  },
}

const sparseCrossEntropyGrad: KernelDefinition = {
  name: 'LevinSparseCrossEntropyGrad',
  gain: 'new: its gradient in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const [rows = 0, classes = 0] = logits.shape
    const dx = runtime.output(logits.shape, 'float32')
    runtime.wasm.sparseCrossEntropyGradient(
      runtime.address(logits),
      runtime.address(input(call, 'labels')),
      optionalAddress(call, 'weight'),
      runtime.address(input(call, 'dy')),
      runtime.address(input(call, 'logSumExp')),
      runtime.address(input(call, 'totalWeight')),
      runtime.address(dx),
      rows,
      classes,
      Number(attrs['labelSmoothing']),
      Number(attrs['ignoreIndex']),
      reductionOf(call),
    )
    return dx
  },
}

const softCrossEntropy: KernelDefinition = {
  name: 'LevinSoftCrossEntropy',
  gain: 'new: softmax cross-entropy from class probabilities',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const [rows = 0, classes = 0] = logits.shape
    const reduction = reductionOf(call)
    const loss = lossOutput(call, [rows], reduction)
    const logSumExp = runtime.output([rows], 'float32')
    runtime.wasm.softCrossEntropy(
      runtime.address(logits),
      runtime.address(input(call, 'targets')),
      optionalAddress(call, 'weight'),
      runtime.address(loss),
      runtime.address(logSumExp),
      rows,
      classes,
      Number(attrs['labelSmoothing']),
      reduction,
    )
    return [loss, logSumExp]
  },
}

const softCrossEntropyGrad: KernelDefinition = {
  name: 'LevinSoftCrossEntropyGrad',
  gain: 'new: its gradient in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const [rows = 0, classes = 0] = logits.shape
    const dx = runtime.output(logits.shape, 'float32')
    runtime.wasm.softCrossEntropyGradient(
      runtime.address(logits),
      runtime.address(input(call, 'targets')),
      optionalAddress(call, 'weight'),
      runtime.address(input(call, 'dy')),
      runtime.address(input(call, 'logSumExp')),
      runtime.address(dx),
      rows,
      classes,
      Number(attrs['labelSmoothing']),
      reductionOf(call),
    )
    return dx
  },
}

const binaryCrossEntropy: KernelDefinition = {
  name: 'LevinBinaryCrossEntropy',
  gain: 'new: binary cross-entropy of logits in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const reduction = reductionOf(call)
    const loss = lossOutput(call, logits.shape, reduction)
    runtime.wasm.binaryCrossEntropy(
      runtime.address(logits),
      runtime.address(input(call, 'targets')),
      optionalAddress(call, 'positiveWeight'),
      optionalAddress(call, 'weight'),
      runtime.address(loss),
      sizeOf(logits.shape),
      Number(attrs['positiveWeight']),
      reduction,
    )
    return loss
  },
}

const binaryCrossEntropyGrad: KernelDefinition = {
  name: 'LevinBinaryCrossEntropyGrad',
  gain: 'new: its gradient in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const logits = input(call, 'logits')
    const dx = runtime.output(logits.shape, 'float32')
    runtime.wasm.binaryCrossEntropyGradient(
      runtime.address(logits),
      runtime.address(input(call, 'targets')),
      optionalAddress(call, 'positiveWeight'),
      optionalAddress(call, 'weight'),
      runtime.address(input(call, 'dy')),
      runtime.address(dx),
      sizeOf(logits.shape),
      Number(attrs['positiveWeight']),
      reductionOf(call),
    )
    return dx
  },
}

const regressionLoss: KernelDefinition = {
  name: 'LevinRegressionLoss',
  gain: 'new: squared, absolute and Huber loss in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const predictions = input(call, 'predictions')
    const reduction = reductionOf(call)
    const loss = lossOutput(call, predictions.shape, reduction)
    runtime.wasm.regressionLoss(
      runtime.address(predictions),
      runtime.address(input(call, 'targets')),
      runtime.address(loss),
      sizeOf(predictions.shape),
      numberOf(kinds, attrs, 'kind'),
      Number(attrs['delta']),
      reduction,
    )
    return loss
  },
}

const regressionLossGrad: KernelDefinition = {
  name: 'LevinRegressionLossGrad',
  gain: 'new: their gradients in one pass',
  compute(call) {
    const { runtime, attrs } = call
    const predictions = input(call, 'predictions')
    const dx = runtime.output(predictions.shape, 'float32')
    runtime.wasm.regressionLossGradient(
      runtime.address(predictions),
      runtime.address(input(call, 'targets')),
      runtime.address(input(call, 'dy')),
      runtime.address(dx),
      sizeOf(predictions.shape),
      numberOf(kinds, attrs, 'kind'),
      Number(attrs['delta']),
      reductionOf(call),
    )
    return dx
  },
}

export const losses: readonly KernelDefinition[] = [
  sparseCrossEntropy,
  sparseCrossEntropyGrad,
  softCrossEntropy,
  softCrossEntropyGrad,
  binaryCrossEntropy,
  binaryCrossEntropyGrad,
  regressionLoss,
  regressionLossGrad,
]
