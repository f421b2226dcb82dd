/** Ours: `shared.ts <work as JSON>`. Ranks are threads, each with a heap of its own. */
import { Worker } from 'node:worker_threads'
import { createArena } from '@levin/distributed'
import type { CollectiveWork } from '../../suites/collectives/works.js'
import { serve } from '../protocol.js'
import { ORDER, type RankStart } from './shared-order.js'

const work = JSON.parse(process.argv[2] ?? '') as CollectiveWork
const arena = createArena(work.ranks)
const order = new Int32Array(new SharedArrayBuffer(64))
const results = new Float64Array(new SharedArrayBuffer(16))

for (let rank = 0; rank < work.ranks; rank++) {
  const start: RankStart = { work, arena, rank, order, results }
  const worker = new Worker(new URL('./shared-rank.mjs', import.meta.url), { workerData: start })
  worker.on('error', (error) => {
    throw error
  })
}

/** Sleeps until all ranks have done as told: nobody spins while another contender is measured. */
function tell(steps: number): void {
  Atomics.store(order, ORDER.done, 0)
  Atomics.store(order, ORDER.steps, steps)
  Atomics.add(order, ORDER.number, 1)
  Atomics.notify(order, ORDER.number)
  for (let done = 0; done < work.ranks; done = Atomics.load(order, ORDER.done)) Atomics.wait(order, ORDER.done, done)
}

// A worker is started by the event loop, which `serve` blocks.
const started = setInterval(() => {
  if (Atomics.load(order, ORDER.started) < work.ranks) return
  clearInterval(started)
  serve(`${work.ranks} threads, shared memory, Node ${process.versions.node}`, (steps) => {
    tell(steps)
    return { seconds: results[0] as number, check: results[1] as number }
  })
  process.exit()
}, 5)
