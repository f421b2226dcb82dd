export { type AccumulateAttrs, accumulate } from './accumulate.js'
export type { ActivationGradAttrs, OutputGradientInputs } from './activation-gradients.js'
export { elu, leakyRelu, relu, sigmoid, softplus, tanh } from './activations.js'
export {
  type AdamEntry,
  type AdamUpdateAttrs,
  type AdamUpdateOptions,
  type AdamValues,
  adamUpdate,
} from './adam-update.js'
export {
  type AttentionAttrs,
  type AttentionGradInputs,
  type AttentionInputs,
  type AttentionOptions,
  attention,
} from './attention.js'
export {
  type AttentionBlock,
  type AttentionBlockResults,
  attentionBlock,
  attentionBlockGradients,
} from './attention-block.js'
export {
  type BatchNormAttrs,
  type BatchNormGradAttrs,
  type BatchNormGradInputs,
  type BatchNormInputs,
  type BatchNormOptions,
  type BatchNormResult,
  batchNorm,
} from './batch-norm.js'
export { batchNormInference } from './batch-norm-inference.js'
export type { BatchStatistics, GradientSums } from './batch-norm-parts.js'
export {
  type BatchNormApplyInputs,
  type BatchNormInputGradAttrs,
  type BatchNormInputGradInputs,
  type BatchNormStatisticsInputs,
  type BatchNormSumsInputs,
  type BatchNormWithStatisticsOptions,
  batchNormStatistics,
  batchNormWithStatistics,
} from './batch-norm-shared.js'
export {
  type BinaryCrossEntropyAttrs,
  type BinaryCrossEntropyGradInputs,
  type BinaryCrossEntropyInputs,
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from './binary-cross-entropy.js'
export { clipCoefficient } from './clip-coefficient.js'
export { type Conv2dOptions, conv2d } from './conv2d.js'
export { type DropoutAttrs, type DropoutInputs, type DropoutOptions, dropout } from './dropout.js'
export { type EmbeddingGradAttrs, type EmbeddingGradInputs, type EmbeddingOptions, embedding } from './embedding.js'
export {
  type GatedActivationAttrs,
  type GatedActivationInputs,
  type GeluAttrs,
  type GeluOptions,
  gelu,
  hardSwish,
  silu,
} from './gated-activations.js'
export { type GruGradInputs, type GruInputs, type GruResult, gruSequence } from './gru-sequence.js'
export { hasKernel } from './kernel.js'
export type { KernelContracts, NoAttrs, TensorList } from './kernel-contracts.js'
export { type KernelName, kernelNames } from './kernel-names.js'
export {
  type LayerNormAttrs,
  type LayerNormGradAttrs,
  type LayerNormGradInputs,
  type LayerNormInputs,
  type LayerNormOptions,
  layerNorm,
} from './layer-norm.js'
export { type FusedActivation, type LinearOptions, linear } from './linear.js'
export {
  type LstmGradInputs,
  type LstmInputs,
  type LstmOperands,
  type LstmResult,
  lstmSequence,
} from './lstm-sequence.js'
export { type OpKernels, opTable } from './op-table.js'
export type { Reduction } from './reduction.js'
export {
  type HuberOptions,
  huber,
  mae,
  mse,
  type RegressionKind,
  type RegressionLossAttrs,
  type RegressionLossGradInputs,
  type RegressionLossInputs,
  type RegressionLossOptions,
} from './regression-losses.js'
export {
  type RmspropEntry,
  type RmspropUpdateAttrs,
  type RmspropUpdateOptions,
  type RmspropValues,
  rmspropUpdate,
} from './rmsprop-update.js'
export type { RecurrentOperands } from './sequence-steps.js'
export { type SgdEntry, type SgdUpdateAttrs, type SgdUpdateOptions, type SgdValues, sgdUpdate } from './sgd-update.js'
export type {
  SoftCrossEntropyAttrs,
  SoftCrossEntropyGradInputs,
  SoftCrossEntropyInputs,
} from './soft-cross-entropy.js'
export { type SoftmaxCrossEntropyOptions, softmaxCrossEntropy } from './softmax-cross-entropy.js'
export type {
  SparseCrossEntropyAttrs,
  SparseCrossEntropyGradInputs,
  SparseCrossEntropyInputs,
} from './sparse-cross-entropy.js'
export { squaredNorm } from './squared-norm.js'
export type { GradientOptions, UpdateAttrs, UpdateEntry } from './update.js'
export { wantedKernels } from './wanted-kernels.js'
