import { cases, type StorageName } from './cases.js'

/** The same in a worker, whose files have another API beneath. */
function inWorker(name: keyof typeof cases, storage: StorageName): Promise<unknown> {
  const worker = new Worker(new URL('./storage.worker.ts', import.meta.url), { type: 'module' })
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
    worker.postMessage([name, storage])
  }).finally(() => worker.terminate())
}

const page = {
  page: (name: keyof typeof cases, storage: StorageName) => cases[name](storage),
  worker: inWorker,
}

Object.assign(globalThis, { page })
