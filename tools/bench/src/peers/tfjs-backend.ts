// tfjs-core alone registers no gradients; these bring them, as the union package does.
import '@tensorflow/tfjs-layers'
import '@tensorflow/tfjs-backend-cpu'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import type { Tensor } from '@tensorflow/tfjs-core'
import { setBackend, tensor, version_core } from '@tensorflow/tfjs-core'
import type { MaterialArray } from './material.js'

/** Starts a backend of tfjs, untouched, and says what it is. */
export async function startStock(backend: string): Promise<string> {
  const { resolve } = createRequire(import.meta.url)
  setWasmPaths(join(dirname(resolve('@tensorflow/tfjs-backend-wasm')), sep))
  if (!(await setBackend(backend))) throw new Error(`The ${backend} backend of tfjs did not start.`)
  return `tfjs ${version_core}, backend ${backend}`
}

export const tensorOf = ({ data, shape }: MaterialArray): Tensor => tensor(data, [...shape])
