// The module's whole interface. Every address is a byte offset into the memory of the tfjs wasm backend, which this
// module imports; it owns no memory, holds no state, and never grows the heap.
export { biasActivation } from './activation'
export { clip } from './clip'
export { absComplex, deinterleave, interleave } from './complex'
export { convolutionFilterGradient, convolutionInputGradient, convolutionWorkspace } from './convolution'
export { copyBlocks, transposePlane } from './copy'
export { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise'
export { matmul, matmulBatched, matmulWorkspace } from './matmul'
export { matmulInt } from './matmul-int'
export { averagePoolGradient, maxPoolGradient } from './pooling'
export { segmentSum, segmentSumInt } from './segment-sum'
export { sumAxes } from './sum'
