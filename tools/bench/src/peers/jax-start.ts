import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defaultDevice, init } from '@jax-js/jax'

/** Starts jax-js on its wasm backend, and says what it is. */
export async function startJax(): Promise<string> {
  if (!(await init('wasm')).includes('wasm')) throw new Error('The wasm backend of jax-js did not start.')
  defaultDevice('wasm')
  const { resolve } = createRequire(import.meta.url)
  const manifest = join(dirname(resolve('@jax-js/jax')), '..', 'package.json')
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return `jax-js ${version}, wasm, Node ${process.versions.node}`
}
