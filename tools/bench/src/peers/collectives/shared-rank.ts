import { workerData } from 'node:worker_threads'
import { connectShared } from '@levin/distributed'
import { exchangeOf, type MeasuredCollectives, timed } from './exchange.js'
import { ORDER, type RankStart } from './shared-order.js'

const { work, arena, rank, order, results } = workerData as RankStart
const { blocking } = connectShared(arena, rank)

const group: MeasuredCollectives = {
  allReduce: (data) => blocking.allReduce(data, 'sum'),
  reduceScatter: (data, target) => blocking.reduceScatter(data, target, 'sum'),
  allGather: (data, target) => blocking.allGather(data, target),
  send: (data, to) => blocking.send(data, to),
  receive: (data, from) => blocking.receive(data, from),
  barrier: () => blocking.barrier(),
}

const exchange = exchangeOf(work, rank, group)
Atomics.add(order, ORDER.started, 1)
for (let number = 0; ; number++) {
  Atomics.wait(order, ORDER.number, number)
  const seconds = timed(exchange, group, Atomics.load(order, ORDER.steps))
  if (number === 0) {
    if (rank === 0) results[1] = exchange.check()
    exchange.clear()
  }
  if (rank === 0) results[0] = seconds
  Atomics.add(order, ORDER.done, 1)
  Atomics.notify(order, ORDER.done)
}
