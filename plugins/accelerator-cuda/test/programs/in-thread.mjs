// Sets TensorFlow up in this worker thread, and tells the error.
import { parentPort } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
const { tensorflow } = await import('../../src/index.ts')
const error = await tensorflow()
  .setup()
  .then(
    () => undefined,
    (reason) => reason,
  )
parentPort?.postMessage(`${error?.code}: ${error?.message}`)
