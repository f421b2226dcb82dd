export { type CudaOptions, cuda } from './cuda.js'
export type { ImportLibrary } from './runtime/start.js'
export { type TensorFlowOptions, tensorflow } from './tensorflow.js'
