import { workerData } from 'node:worker_threads'
import { connectShared } from '@levin/distributed'
import { exchanging, measuredCollectives } from './exchange.js'
import { ORDER, type RankStart } from './shared-order.js'

const { work, arena, rank, order, results } = workerData as RankStart
const { blocking } = connectShared(arena, rank)

const run = exchanging(work, rank, measuredCollectives(blocking))
Atomics.add(order, ORDER.started, 1)
for (let number = 0; ; number++) {
  Atomics.wait(order, ORDER.number, number)
  const { seconds, check } = run(Atomics.load(order, ORDER.steps))
  if (rank === 0) results.set([seconds, check])
  Atomics.add(order, ORDER.done, 1)
  Atomics.notify(order, ORDER.done)
}
