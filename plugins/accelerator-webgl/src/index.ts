export { type WebglLibrary, type WebglOptions, webgl } from './webgl.js'
export { WebglAccelerator } from './webgl-accelerator.js'
