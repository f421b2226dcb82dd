// Makes 'webgpu' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import type { WebgpuOptions } from './options.js'
import { webgpu } from './webgpu.js'

register(webgpu)

declare module '@levin/core' {
  interface AcceleratorRegistry {
    webgpu: WebgpuOptions
  }
}
