/** Prints which build is in use in the main thread and in worker threads that start together: `simd-variant <workers>`. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { kernelFingerprint } from '@levin/kernels'
import '@levin/kernels/register'
import * as tf from '@tensorflow/tfjs-core'
import { relaxedSimdProbe } from './relaxed-simd-probe.js'

const before = WebAssembly.validate(relaxedSimdProbe)
await tf.setBackend('wasm')
const product = tf.tidy(() => tf.matMul(tf.fill([9, 70], 2), tf.ones([70, 9])).dataSync())
const line = JSON.stringify({
  variant: kernelFingerprint().split(' ')[1]?.split('/')[0],
  right: product.every((value) => value === 140),
  flagKept: WebAssembly.validate(relaxedSimdProbe) === before,
  isMainThread,
})

if (isMainThread) {
  console.log(line)
  for (let n = 0; n < Number(process.argv[2]); n++) {
    new Worker(new URL(import.meta.url)).once('message', (said: string) => console.log(said))
  }
} else parentPort?.postMessage(line)
