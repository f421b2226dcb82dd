// The module's whole interface. Every address is a byte offset into the memory of the tfjs wasm backend, which this
// module imports; it owns no memory, holds no state but from which size on products leave it, and never grows the heap.
export { biasActivation } from './activation'
export { attention, attentionGradient, attentionWorkspace } from './attention'
export {
  batchNorm,
  batchNormApply,
  batchNormGradient,
  batchNormInputGradient,
  batchNormStatistics,
  batchNormSums,
} from './batch-norm'
export { add, divideBy, maximum, minimum, multiply, squaredDifference, subtract } from './binary'
export { clip } from './clip'
export { equal, greater, greaterEqual, logicalAnd, logicalNot, logicalOr, notEqual, select } from './comparison'
export { absComplex, deinterleave, interleave } from './complex'
export { convolution, convolutionFilterGradient, convolutionInputGradient, convolutionWorkspace } from './convolution'
export { copyBlocks, fillBlocks, gather, repeatBlocks } from './copy'
export {
  softCrossEntropy,
  softCrossEntropyGradient,
  sparseCrossEntropy,
  sparseCrossEntropyGradient,
} from './cross-entropy'
export { cumulativeSum } from './cumulative'
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise'
export { dropout } from './dropout'
export { unary, unaryGradient, unaryWithSlope } from './elementwise'
export { extremum, extremumPlace } from './extremum'
export { gru, gruGradient, gruWorkspace } from './gru'
export { divide, fill } from './lanes'
export { layerNorm, layerNormGradient } from './layer-norm'
export { binaryCrossEntropy, binaryCrossEntropyGradient, regressionLoss, regressionLossGradient } from './losses'
export { lstm, lstmGradient, lstmWorkspace } from './lstm'
export { chooseGemm, matmul, matmulBatched, matmulWorkspace } from './matmul'
export { matmulInt } from './matmul-int'
export { accumulate, adamUpdate, rmspropUpdate, sgdUpdate, squaredNorm } from './optimizer'
export { averagePoolGradient, maxPoolGradient } from './pooling'
export { averagePool, maxPool } from './pooling-forward'
export { segmentSum, segmentSumInt } from './segment-sum'
export { sumAxes } from './sum'
export { transposePlane, transposePlanes } from './transpose'
