// Prints one line and must end by itself: with the device given back, with it kept by a tensor, or used in a worker.
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { availabilityOf, hostTensor } from '@levin/core'
import { sum, tidy } from '@tensorflow/tfjs-core'
import { webgpu } from '../../src/index.js'

const what: unknown = workerData ?? process.argv[2]

// On Node 20 a worker knows no TypeScript until a loader is registered in it.
const inWorker = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}) })`

async function compute(keep: boolean): Promise<void> {
  const accelerator = webgpu()
  await accelerator.setup()
  const x = accelerator.upload(hostTensor(Float32Array.of(2, 4, 8), [3]))
  const total = tidy(() => sum(x))
  console.log((await total.data())[0])
  if (keep) return
  x.dispose()
  total.dispose()
  await accelerator.teardown()
}

if (what === 'availability') console.log(JSON.stringify(await availabilityOf(webgpu)))
else if (what === 'worker' && isMainThread) new Worker(inWorker, { eval: true, workerData: what })
else await compute(what === 'kept')
