/** Ours over Open MPI: `mpirun … levin-mpi.ts <work as JSON>`, a process per rank; rank 0 is driven by the bench. */
import { mpi } from '@levin/collective-mpi'
import type { Collectives, RankDescription } from '@levin/core'
import type { CollectiveWork } from '../../suites/collectives/works.js'
import { serve } from '../protocol.js'
import { exchanging, measuredCollectives } from './exchange.js'

const work = JSON.parse(process.argv[2] ?? '') as CollectiveWork

const number = (name: string): number => Number(process.env[`OMPI_COMM_WORLD_${name}`])
const place: RankDescription = {
  globalRank: number('RANK'),
  localRank: number('LOCAL_RANK'),
  nodeRank: number('NODE_RANK'),
  localWorldSize: number('LOCAL_SIZE'),
  worldSize: number('SIZE'),
}
const world = await mpi().connect(place)
const blocking = world.blocking as Collectives
const run = exchanging(work, place.globalRank, measuredCollectives(blocking))
const order = new Int32Array(1)

if (place.globalRank === 0) {
  serve(`${place.worldSize} processes, @levin/collective-mpi`, (steps) => {
    order[0] = steps
    blocking.broadcast(order, 0)
    return run(steps)
  })
  order[0] = 0
  blocking.broadcast(order, 0)
} else {
  // The form that lets the event loop turn also lets the processor rest, while another contender is measured.
  for (;;) {
    await world.asynchronous.broadcast(order, 0)
    if (order[0] === 0) break
    run(order[0] as number)
  }
}
await world.destroy()
process.exit()
