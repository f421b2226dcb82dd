export type { Nonlinearity } from './initializers/fans.js'
export { type KaimingOptions, kaimingNormal, kaimingUniform } from './initializers/kaiming.js'
export { type OrthogonalOptions, orthogonal } from './initializers/orthogonal.js'
export { type TruncatedNormalOptions, truncatedNormal } from './initializers/truncated-normal.js'
export { type XavierOptions, xavierNormal, xavierUniform } from './initializers/xavier.js'
export {
  Activation,
  elu,
  type GeluOptions,
  gelu,
  leakyRelu,
  logSoftmax,
  relu,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from './layers/activations.js'
export type { AttentionMasks } from './layers/attention-masks.js'
export {
  AvgPool1d,
  type AvgPool1dOptions,
  AvgPool2d,
  type AvgPool2dOptions,
  avgPool1d,
  avgPool2d,
} from './layers/avg-pool.js'
export { BatchNorm, type BatchNormOptions, batchNorm } from './layers/batch-norm.js'
export { Conv1d, type Conv1dOptions, conv1d } from './layers/conv1d.js'
export { Conv2d, type Conv2dOptions, conv2d } from './layers/conv2d.js'
export { Convolution, type ConvolutionOptions } from './layers/convolution.js'
export { DepthwiseConv2d, type DepthwiseConv2dOptions, depthwiseConv2d } from './layers/depthwise-conv2d.js'
export { Dropout, dropout } from './layers/dropout.js'
export { Embedding, type EmbeddingOptions, embedding } from './layers/embedding.js'
export { Flatten, flatten } from './layers/flatten.js'
export { GlobalAvgPool2d, globalAvgPool2d } from './layers/global-avg-pool.js'
export { Gru, type GruInput, type GruOutput, gru } from './layers/gru.js'
export { Identity, identity } from './layers/identity.js'
export { Lambda, lambda } from './layers/lambda.js'
export { LayerNorm, type LayerNormOptions, layerNorm } from './layers/layer-norm.js'
export { Linear, type LinearOptions, linear } from './layers/linear.js'
export { Lstm, type LstmInput, type LstmOutput, lstm } from './layers/lstm.js'
export { MaxPool1d, MaxPool2d, maxPool1d, maxPool2d } from './layers/max-pool.js'
export {
  type AttentionInput,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
} from './layers/multi-head-attention.js'
export type { Padding } from './layers/padding.js'
export { type Pool1dOptions, type Pool2dOptions, Pooling } from './layers/pooling.js'
export {
  PositionalEmbedding,
  type PositionalEmbeddingOptions,
  positionalEmbedding,
} from './layers/positional-embedding.js'
export { Recurrent, type RecurrentOptions, RecurrentWeights, type States } from './layers/recurrent.js'
export { type AnyLayer, Sequential, sequential } from './layers/sequential.js'
export {
  TransformerBlock,
  type TransformerBlockOptions,
  type TransformerInput,
  transformerBlock,
} from './layers/transformer-block.js'
export { fromLayersModel, LayersModelLayer } from './layers-model/from-layers-model.js'
export type { LayersModelLike, ModelLayer, ModelWeight } from './layers-model/model-types.js'
export {
  type BinaryCrossEntropyOptions,
  type BinaryCrossEntropyWithLogitsOptions,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
} from './losses/binary-cross-entropy.js'
export { type CrossEntropyOptions, crossEntropy } from './losses/cross-entropy.js'
export { type HuberOptions, huber, mae, mse, type RegressionOptions } from './losses/regression.js'
export {
  type VocabularyCrossEntropyOptions,
  vocabularyCrossEntropy,
} from './losses/vocabulary-cross-entropy.js'
export type { Pair } from './options.js'
export { enterShared } from './parallel/enter-shared.js'
export { leaveShared } from './parallel/leave-shared.js'
export type { LinearStyle } from './parallel/linear-styles.js'
export { type RingAttentionOptions, type RingDropout, ringAttention } from './parallel/ring-attention.js'
export { type TransformerPlanOptions, transformerPlan } from './parallel/transformer-plan.js'
export { RankPreservingLayer } from './rank-preserving-layer.js'
