export { checkpointIO } from './checkpoint-io.js'
export { type LoadModuleOptions, loadModule, type ModuleSource } from './load-module.js'
export { memoryStorage } from './memory-storage.js'
export type { Storage, WriteHandle } from './storage.js'
export {
  readWeights,
  type WeightsMetadata,
  type WeightsOptions,
  type WriteWeightsOptions,
  weightsBlob,
  writeWeights,
} from './weights.js'
