/** Open MPI: `mpirun … mpi.ts <work as JSON>`, a process per rank; rank 0 is driven by the bench and tells the others. */
import type { CollectiveWork } from '../../suites/collectives/works.js'
import { serve } from '../protocol.js'
import { exchanging } from './exchange.js'
import { openMpi } from './open-mpi.js'

const work = JSON.parse(process.argv[2] ?? '') as CollectiveWork
const mpi = openMpi()
const run = exchanging(work, mpi.rank, mpi)

if (mpi.rank === 0) {
  serve(`${mpi.size} processes, ${mpi.version}, through koffi`, (steps) => run(mpi.tell(steps)))
  mpi.tell(0)
} else {
  for (let steps = mpi.tell(0); steps > 0; steps = mpi.tell(0)) run(steps)
}
mpi.finalize()
