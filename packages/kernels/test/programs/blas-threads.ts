/** Multiplies in OpenBLAS in worker threads at once, and prints what each found: `blas-threads <workers> <threads>`. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { kernelFingerprint } from '@levin/kernels'
import { enableBlas } from '@levin/kernels/blas'
import '@levin/kernels/register'
import * as tf from '@tensorflow/tfjs-core'

const [, , workers = '0', threads = '1'] = process.argv

async function multiply(): Promise<string> {
  await tf.setBackend('wasm')
  const report = enableBlas({ threads: Number(threads) })
  let wrong = 0
  for (let i = 0; i < 200; i++) {
    // A product by the identity: every number is known.
    const n = 40 + (i % 80)
    const differences = tf.tidy(() => {
      const a = tf.randomUniform([n, n], -1, 1, 'float32', i) as tf.Tensor2D
      return tf.max(tf.abs(tf.sub(tf.matMul(a, tf.eye(n), i % 2 === 1), i % 2 === 1 ? tf.transpose(a) : a)))
    })
    if (!((differences.dataSync()[0] as number) === 0)) wrong++
    differences.dispose()
  }
  return JSON.stringify({ ok: report.ok, fingerprint: kernelFingerprint(), wrong, isMainThread })
}

if (isMainThread && workers !== '0') {
  const argv = [workers, threads]
  for (let i = 0; i < Number(workers); i++) {
    const worker = new Worker(new URL(import.meta.url), { argv })
    worker.once('message', (line: string) => console.log(line))
  }
} else {
  const line = await multiply()
  if (isMainThread) console.log(line)
  else parentPort?.postMessage(line)
}
