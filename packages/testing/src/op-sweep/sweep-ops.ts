import type { opTable } from '@levin/ops'
import { arithmetic } from './ops/arithmetic.js'
import { convolution } from './ops/convolution.js'
import { elementwise } from './ops/elementwise.js'
import { indexing } from './ops/indexing.js'
import { layout } from './ops/layout.js'
import { losses } from './ops/losses.js'
import { normalisation } from './ops/normalisation.js'
import { optimizers } from './ops/optimizers.js'
import { pooling } from './ops/pooling.js'
import { products } from './ops/products.js'
import { selection } from './ops/selection.js'
import { sequences } from './ops/sequences.js'
import { shapes } from './ops/shapes.js'
import { updates } from './ops/updates.js'
import type { SweepOp } from './sweep-op.js'

/** Every op that a sweep knows, by the name that recordings have for it. */
export const sweepOps: Readonly<Record<string, SweepOp>> = {
  ...arithmetic,
  ...convolution,
  ...elementwise,
  ...indexing,
  ...layout,
  ...losses,
  ...normalisation,
  ...optimizers,
  ...pooling,
  ...products,
  ...selection,
  ...sequences,
  ...shapes,
  ...updates,
}

/** The ops of @levin/ops among them by their own names; all others are tfjs's, or known to recordings by another name. */
export const levinOps: Readonly<Record<string, keyof typeof opTable | 'clipCoefficient'>> = {
  accumulate: 'accumulate',
  adamUpdate: 'adamUpdate',
  attention: 'attention',
  batchNorm: 'batchNorm',
  batchNormInference: 'batchNormInference',
  batchNormStatistics: 'batchNormStatistics',
  batchNormWithStatistics: 'batchNormWithStatistics',
  biasedConv2d: 'conv2d',
  binaryCrossEntropy: 'binaryCrossEntropyWithLogits',
  clipCoefficient: 'clipCoefficient',
  crossEntropy: 'softmaxCrossEntropy',
  dropout: 'dropout',
  elu: 'elu',
  embedding: 'embedding',
  gelu: 'gelu',
  gru: 'gruSequence',
  hardSwish: 'hardSwish',
  huber: 'huber',
  layerNorm: 'layerNorm',
  leakyRelu: 'leakyRelu',
  levinTanh: 'tanh',
  linear: 'linear',
  lstm: 'lstmSequence',
  mae: 'mae',
  mse: 'mse',
  relu: 'relu',
  rmspropUpdate: 'rmspropUpdate',
  sgdUpdate: 'sgdUpdate',
  sigmoid: 'sigmoid',
  silu: 'silu',
  softplus: 'softplus',
  squaredNorm: 'squaredNorm',
}

/** What tfjs calls those that recordings have another name for. */
export const tfjsNames: Readonly<Record<string, string>> = {
  clip: 'clipByValue',
  divide: 'div',
  fusedConv2d: 'fused.conv2d',
  fusedMatMul: 'fused.matMul',
  multiply: 'mul',
  powOf: 'pow',
  segmentSum: 'unsortedSegmentSum',
  tfSoftplus: 'softplus',
}
