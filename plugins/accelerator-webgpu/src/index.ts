export type { WebgpuLibrary } from './backend/tfjs-backend.js'
export type { WebgpuOptions } from './options.js'
export { webgpu } from './webgpu.js'
export { WebgpuAccelerator } from './webgpu-accelerator.js'
