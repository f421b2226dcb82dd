/** Begins a save and writes nothing: what a thread that is ended in the middle of one has left. */
import { parentPort, workerData } from 'node:worker_threads'
import { diskCheckpoints } from '../../src/node.js'
import { sharedOf } from '../support-parts.js'

await sharedOf(diskCheckpoints()).begin(workerData as string)
parentPort?.postMessage('begun')
// It lives until it is ended.
setInterval(() => undefined, 60_000)
