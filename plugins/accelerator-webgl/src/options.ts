import type { KernelBackend } from '@tensorflow/tfjs-core'

/** The part of `@tensorflow/tfjs-backend-webgl` that is called; importing it registers the backend. */
export interface WebglLibrary {
  readonly MathBackendWebGL: new () => KernelBackend
}

export interface WebglOptions {
  /**
   * Imports `@tensorflow/tfjs-backend-webgl`, where it cannot be resolved by its name. A function cannot travel to a worker:
   * a run with several workers makes the accelerator in its run module then.
   */
  readonly lib?: (() => Promise<WebglLibrary>) | undefined
}
