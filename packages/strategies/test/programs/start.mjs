// Runs a program from its sources in a worker, where Node 20 has no loader for TypeScript unless one is registered here.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.program)
