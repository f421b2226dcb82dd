/**
 * What levin knows of tfjs's engine: recording and walking backwards, gradients, the ownership of tensors.
 *
 * Nothing outside this file and `engine/` reaches into tfjs's internals.
 */
export { ensureGradients } from './engine/gradients.js'
export {
  adopt,
  copy,
  currentBackendName,
  type EngineMemory,
  engineMemory,
  hasKernel,
  keep,
  runKernel,
  sharesData,
} from './engine/memory.js'
export { disposeAll, isTensor, mapTensors, tensorsIn } from './engine/nested.js'
export { isRecording, recompute, untaped } from './engine/recompute.js'
export { type OnGradient, type OutputGradients, record, type Tape } from './engine/tape.js'
