import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { AccumulateAttrs } from './accumulate.js'
import type { ActivationGradAttrs, OutputGradientInputs } from './activation-gradients.js'
import type { AdamUpdateAttrs } from './adam-update.js'
import type { AttentionAttrs, AttentionGradInputs, AttentionInputs } from './attention.js'
import type { BatchNormAttrs, BatchNormGradAttrs, BatchNormGradInputs, BatchNormInputs } from './batch-norm.js'
import type {
  BatchNormApplyInputs,
  BatchNormInputGradAttrs,
  BatchNormInputGradInputs,
  BatchNormStatisticsInputs,
  BatchNormSumsInputs,
} from './batch-norm-shared.js'
import type {
  BinaryCrossEntropyAttrs,
  BinaryCrossEntropyGradInputs,
  BinaryCrossEntropyInputs,
} from './binary-cross-entropy.js'
import type { DropoutAttrs, DropoutInputs } from './dropout.js'
import type { EmbeddingGradAttrs, EmbeddingGradInputs } from './embedding.js'
import type { GatedActivationAttrs, GatedActivationInputs, GeluAttrs } from './gated-activations.js'
import type { GruGradInputs, GruInputs } from './gru-sequence.js'
import type { LayerNormAttrs, LayerNormGradAttrs, LayerNormGradInputs, LayerNormInputs } from './layer-norm.js'
import type { LstmGradInputs, LstmInputs } from './lstm-sequence.js'
import type { RegressionLossAttrs, RegressionLossGradInputs, RegressionLossInputs } from './regression-losses.js'
import type { RmspropUpdateAttrs } from './rmsprop-update.js'
import type { SgdUpdateAttrs } from './sgd-update.js'
import type { SoftCrossEntropyAttrs, SoftCrossEntropyGradInputs, SoftCrossEntropyInputs } from './soft-cross-entropy.js'
import type {
  SparseCrossEntropyAttrs,
  SparseCrossEntropyGradInputs,
  SparseCrossEntropyInputs,
} from './sparse-cross-entropy.js'

/** Any number of tensors in order, as tfjs's own AddN takes them. */
export type TensorList = readonly TensorInfo[]

/** A kernel without attributes. */
export type NoAttrs = Readonly<Record<never, never>>

/**
 * Inputs and attributes of every kernel this package looks for, by name. Outputs are said at the inputs (for lists, at
 * the attributes). Kernels are plain functions of these: tensors, shapes, numbers.
 */
export interface KernelContracts {
  LevinReluGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinLeakyReluGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinEluGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinSigmoidGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinTanhGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinSoftplusGrad: { inputs: OutputGradientInputs; attrs: ActivationGradAttrs }
  LevinGelu: { inputs: GatedActivationInputs; attrs: GeluAttrs }
  LevinSilu: { inputs: GatedActivationInputs; attrs: GatedActivationAttrs }
  LevinHardSwish: { inputs: GatedActivationInputs; attrs: GatedActivationAttrs }
  LevinSparseCrossEntropy: { inputs: SparseCrossEntropyInputs; attrs: SparseCrossEntropyAttrs }
  LevinSparseCrossEntropyGrad: { inputs: SparseCrossEntropyGradInputs; attrs: SparseCrossEntropyAttrs }
  LevinSoftCrossEntropy: { inputs: SoftCrossEntropyInputs; attrs: SoftCrossEntropyAttrs }
  LevinSoftCrossEntropyGrad: { inputs: SoftCrossEntropyGradInputs; attrs: SoftCrossEntropyAttrs }
  LevinBinaryCrossEntropy: { inputs: BinaryCrossEntropyInputs; attrs: BinaryCrossEntropyAttrs }
  LevinBinaryCrossEntropyGrad: { inputs: BinaryCrossEntropyGradInputs; attrs: BinaryCrossEntropyAttrs }
  LevinRegressionLoss: { inputs: RegressionLossInputs; attrs: RegressionLossAttrs }
  LevinRegressionLossGrad: { inputs: RegressionLossGradInputs; attrs: RegressionLossAttrs }
  LevinLayerNorm: { inputs: LayerNormInputs; attrs: LayerNormAttrs }
  LevinLayerNormGrad: { inputs: LayerNormGradInputs; attrs: LayerNormGradAttrs }
  LevinBatchNorm: { inputs: BatchNormInputs; attrs: BatchNormAttrs }
  LevinBatchNormGrad: { inputs: BatchNormGradInputs; attrs: BatchNormGradAttrs }
  LevinBatchNormStatistics: { inputs: BatchNormStatisticsInputs; attrs: NoAttrs }
  LevinBatchNormApply: { inputs: BatchNormApplyInputs; attrs: BatchNormAttrs }
  LevinBatchNormSums: { inputs: BatchNormSumsInputs; attrs: BatchNormAttrs }
  LevinBatchNormInputGrad: { inputs: BatchNormInputGradInputs; attrs: BatchNormInputGradAttrs }
  LevinEmbeddingGrad: { inputs: EmbeddingGradInputs; attrs: EmbeddingGradAttrs }
  LevinDropout: { inputs: DropoutInputs; attrs: DropoutAttrs }
  LevinAttention: { inputs: AttentionInputs; attrs: AttentionAttrs }
  LevinAttentionGrad: { inputs: AttentionGradInputs; attrs: AttentionAttrs }
  LevinLstm: { inputs: LstmInputs; attrs: NoAttrs }
  LevinLstmGrad: { inputs: LstmGradInputs; attrs: NoAttrs }
  LevinGru: { inputs: GruInputs; attrs: NoAttrs }
  LevinGruGrad: { inputs: GruGradInputs; attrs: NoAttrs }
  LevinSgdUpdate: { inputs: TensorList; attrs: SgdUpdateAttrs }
  LevinAdamUpdate: { inputs: TensorList; attrs: AdamUpdateAttrs }
  LevinRmspropUpdate: { inputs: TensorList; attrs: RmspropUpdateAttrs }
  LevinSquaredNorm: { inputs: TensorList; attrs: NoAttrs }
  LevinAccumulate: { inputs: TensorList; attrs: AccumulateAttrs }
}
