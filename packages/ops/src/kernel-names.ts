/**
 * The names under which a backend may register kernels for the ops of this package (`tf.registerKernel`).
 *
 * Prefixed, so that no kernel of tfjs or of a third party is ever taken for one of these by its name alone. Inputs,
 * attributes and outputs of each are {@link KernelContracts}.
 */
export const kernelNames = {
  reluGrad: 'LevinReluGrad',
  leakyReluGrad: 'LevinLeakyReluGrad',
  eluGrad: 'LevinEluGrad',
  sigmoidGrad: 'LevinSigmoidGrad',
  tanhGrad: 'LevinTanhGrad',
  softplusGrad: 'LevinSoftplusGrad',
  gelu: 'LevinGelu',
  silu: 'LevinSilu',
  hardSwish: 'LevinHardSwish',
  sparseCrossEntropy: 'LevinSparseCrossEntropy',
  sparseCrossEntropyGrad: 'LevinSparseCrossEntropyGrad',
  softCrossEntropy: 'LevinSoftCrossEntropy',
  softCrossEntropyGrad: 'LevinSoftCrossEntropyGrad',
  binaryCrossEntropy: 'LevinBinaryCrossEntropy',
  binaryCrossEntropyGrad: 'LevinBinaryCrossEntropyGrad',
  regressionLoss: 'LevinRegressionLoss',
  regressionLossGrad: 'LevinRegressionLossGrad',
  layerNorm: 'LevinLayerNorm',
  layerNormGrad: 'LevinLayerNormGrad',
  batchNorm: 'LevinBatchNorm',
  batchNormGrad: 'LevinBatchNormGrad',
  batchNormStatistics: 'LevinBatchNormStatistics',
  batchNormApply: 'LevinBatchNormApply',
  batchNormSums: 'LevinBatchNormSums',
  batchNormInputGrad: 'LevinBatchNormInputGrad',
  embeddingGrad: 'LevinEmbeddingGrad',
  dropout: 'LevinDropout',
  attention: 'LevinAttention',
  attentionGrad: 'LevinAttentionGrad',
  lstm: 'LevinLstm',
  lstmGrad: 'LevinLstmGrad',
  gru: 'LevinGru',
  gruGrad: 'LevinGruGrad',
  sgdUpdate: 'LevinSgdUpdate',
  adamUpdate: 'LevinAdamUpdate',
  rmspropUpdate: 'LevinRmspropUpdate',
  squaredNorm: 'LevinSquaredNorm',
  accumulate: 'LevinAccumulate',
} as const

export type KernelName = (typeof kernelNames)[keyof typeof kernelNames]
