// In the root of src, so that it lies as deep as the built file does.
import { Worker, type WorkerOptions } from 'node:worker_threads'

/** Starts a thread of this package, as it was built or from its sources, which a worker of Node 20 does not read by itself. */
export function startThread(name: string, options: WorkerOptions): Worker {
  const isSource = import.meta.url.endsWith('.ts')
  const url = new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url)
  if (!isSource) return new Worker(url, options)
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const start = `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(url.href)}) })`
  return new Worker(start, { ...options, eval: true })
}
