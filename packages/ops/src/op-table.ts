import {
  _FusedMatMul,
  BatchMatMul,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  FusedBatchNorm,
  FusedConv2D,
  GatherV2,
  Multiply,
  Sum,
} from '@tensorflow/tfjs-core'
import { kernelNames as names } from './kernel-names.js'

/** What an op calls on a backend. */
export interface OpKernels {
  /** Kernels of the forward. Ours are used where registered; tfjs's own every backend has. */
  readonly forward: readonly string[]
  /** Kernels of the backward. */
  readonly backward: readonly string[]
  /** What the tape keeps from forward to backward. Inputs and outputs share their data with the tensors themselves. */
  readonly keeps: readonly string[]
  /** Whether its kernel changes inputs and returns nothing. */
  readonly inPlace?: true
}

/**
 * Every op of this package with the kernels it looks for. An op without a forward kernel of ours calls tfjs's.
 *
 * Says what a backend still lacks: `Object.values(kernelNames).filter((name) => !hasKernel(name))`.
 */
export const opTable = {
  linear: { forward: [_FusedMatMul], backward: [BatchMatMul, Sum], keeps: ['x', 'weight', 'y with an activation'] },
  conv2d: {
    forward: [FusedConv2D],
    backward: [Conv2DBackpropInput, Conv2DBackpropFilter, Sum],
    keeps: ['x', 'filter'],
  },
  relu: { forward: [], backward: [names.reluGrad], keeps: ['y'] },
  leakyRelu: { forward: [], backward: [names.leakyReluGrad], keeps: ['y'] },
  elu: { forward: [], backward: [names.eluGrad], keeps: ['y'] },
  tanh: { forward: [], backward: [names.tanhGrad], keeps: ['y'] },
  sigmoid: { forward: [], backward: [names.sigmoidGrad], keeps: ['y'] },
  softplus: { forward: [], backward: [names.softplusGrad], keeps: ['y'] },
  gelu: { forward: [names.gelu], backward: [Multiply], keeps: ['slope; x, without a kernel'] },
  silu: { forward: [names.silu], backward: [Multiply], keeps: ['slope; x, without a kernel'] },
  hardSwish: { forward: [names.hardSwish], backward: [Multiply], keeps: ['slope; x, without a kernel'] },
  softmaxCrossEntropy: {
    forward: [names.sparseCrossEntropy, names.softCrossEntropy],
    backward: [names.sparseCrossEntropyGrad, names.softCrossEntropyGrad],
    keeps: ['logits', 'targets', 'logSumExp', 'totalWeight', 'weight'],
  },
  binaryCrossEntropyWithLogits: {
    forward: [names.binaryCrossEntropy],
    backward: [names.binaryCrossEntropyGrad],
    keeps: ['logits', 'targets', 'positiveWeight', 'weight'],
  },
  mse: { forward: [names.regressionLoss], backward: [names.regressionLossGrad], keeps: ['predictions', 'targets'] },
  mae: { forward: [names.regressionLoss], backward: [names.regressionLossGrad], keeps: ['predictions', 'targets'] },
  huber: { forward: [names.regressionLoss], backward: [names.regressionLossGrad], keeps: ['predictions', 'targets'] },
  layerNorm: {
    forward: [names.layerNorm],
    backward: [names.layerNormGrad],
    keeps: ['x', 'mean', 'inverseDeviation', 'gamma'],
  },
  batchNorm: { forward: [names.batchNorm], backward: [names.batchNormGrad], keeps: ['x', 'mean', 'variance', 'gamma'] },
  batchNormStatistics: { forward: [names.batchNormStatistics], backward: [], keeps: [] },
  batchNormWithStatistics: {
    forward: [names.batchNormApply],
    backward: [names.batchNormSums, names.batchNormInputGrad],
    keeps: ['x', 'mean', 'variance', 'gamma'],
  },
  batchNormInference: { forward: [FusedBatchNorm], backward: [], keeps: ['x', 'mean', 'variance', 'gamma'] },
  embedding: { forward: [GatherV2], backward: [names.embeddingGrad], keeps: ['ids'] },
  dropout: { forward: [names.dropout], backward: [names.dropout], keeps: ['mask, without a kernel'] },
  attention: {
    forward: [names.attention],
    backward: [names.attentionGrad],
    keeps: ['query', 'key', 'value', 'y', 'logSumExp', 'mask', 'dropout mask, without kernels'],
  },
  lstmSequence: {
    forward: [names.lstm],
    backward: [names.lstmGrad, BatchMatMul, Sum],
    keeps: ['x', 'inputWeight', 'recurrentWeight', 'output', 'cells', 'gates', 'hidden', 'cell'],
  },
  gruSequence: {
    forward: [names.gru],
    backward: [names.gruGrad, BatchMatMul, Sum],
    keeps: ['x', 'inputWeight', 'recurrentWeight', 'output', 'gates', 'hidden'],
  },
  squaredNorm: { forward: [names.squaredNorm], backward: [], keeps: ['tensors'] },
  sgdUpdate: { forward: [names.sgdUpdate], backward: [], keeps: [], inPlace: true },
  adamUpdate: { forward: [names.adamUpdate], backward: [], keeps: [], inPlace: true },
  rmspropUpdate: { forward: [names.rmspropUpdate], backward: [], keeps: [], inPlace: true },
  accumulate: { forward: [names.accumulate], backward: [], keeps: [], inPlace: true },
} as const satisfies Record<string, OpKernels>
