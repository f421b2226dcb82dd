/** Sets up the CPU in a program of its own and prints what it computes: `probe <main|worker> [wasmPaths]`. */

import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { hostTensor } from '@levin/core'
import { matMul } from '@tensorflow/tfjs-core'
import { cpu } from '../../src/index.js'

const [, , where = 'main', wasmPaths] = process.argv

async function compute(): Promise<unknown> {
  const accelerator = cpu(wasmPaths ? { wasmPaths } : {})
  await accelerator.setup()
  const x = accelerator.upload(hostTensor(new Float32Array([1, 2, 3, 4]), [2, 2]))
  return { product: matMul(x, x, true).arraySync(), fingerprint: accelerator.fingerprint(), isMainThread }
}

try {
  if (where === 'main' || !isMainThread) {
    const result = JSON.stringify(await compute())
    if (isMainThread) console.log(result)
    else parentPort?.postMessage(result)
  } else {
    const argv = [where, ...(wasmPaths ? [wasmPaths] : [])]
    for (const worker of [0, 1].map(() => new Worker(new URL(import.meta.url), { argv }))) {
      worker.once('message', (result) => console.log(result))
    }
  }
} catch (error) {
  console.log(JSON.stringify({ error: (error as Error).message }))
}
