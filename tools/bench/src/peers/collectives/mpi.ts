/** Open MPI: `mpirun … mpi.ts <work as JSON>`, a process per rank; rank 0 is driven by the bench and tells the others. */
import type { CollectiveWork } from '../../suites/collectives/works.js'
import { serve } from '../protocol.js'
import { exchangeOf, timed } from './exchange.js'
import { openMpi } from './open-mpi.js'

const work = JSON.parse(process.argv[2] ?? '') as CollectiveWork
const mpi = openMpi()
const exchange = exchangeOf(work, mpi.rank, mpi)
let check: number | undefined

function run(steps: number): number {
  const seconds = timed(exchange, mpi, steps)
  if (check === undefined) {
    check = exchange.check()
    exchange.clear()
  }
  return seconds
}

if (mpi.rank === 0) {
  serve(`${mpi.size} processes, ${mpi.version}, through koffi`, (steps) => {
    const seconds = run(mpi.tell(steps))
    return { seconds, check: check as number }
  })
  mpi.tell(0)
} else {
  for (let steps = mpi.tell(0); steps > 0; steps = mpi.tell(0)) run(steps)
}
mpi.finalize()
