// Makes 'webgl' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type WebglOptions, webgl } from './webgl.js'

register(webgl)

declare module '@levin/core' {
  interface AcceleratorRegistry {
    webgl: WebglOptions
  }
}
