/** A process with two ranks, threads that share memory, of which the first talks to other processes by MPI: all cases. */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { soloRank } from '@levin/core'
import { connectShared, createArena, hierarchicalGroup, mpi, type SharedArena } from '@levin/distributed'
import { processGroupBodies, processGroupCases } from '@levin/testing'
import { MpiCollective } from '../../src/mpi-collective.js'
import { mpichFailures } from '../mpich-failures.js'

const THREADS = 2
const OPTIONS = { deadline: 20_000 }

const place = mpi().detect(process.env) ?? soloRank

function startThreads(): void {
  const arena = createArena(THREADS)
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const start = `import(${loader}).then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}) })`
  for (let thread = 0; thread < THREADS; thread++) {
    const options = { eval: true, workerData: { arena, thread }, execArgv: ['--conditions=@levin/source'] }
    new Worker(start, options).on('error', (error) => {
      throw error
    })
  }
}

async function beThread({ arena, thread }: { readonly arena: SharedArena; readonly thread: number }): Promise<void> {
  const threads = connectShared(arena, thread, OPTIONS)
  const processes = new MpiCollective({ silence: 3_000 })
  const launch = async (name: string): Promise<void> => {
    const outer = thread === 0 ? await processes.connect(place, OPTIONS) : undefined
    const group = await hierarchicalGroup(await threads.split(0), outer, OPTIONS)
    await processGroupBodies[name]?.(group)
    await group.destroy()
  }
  const worldSizes = [THREADS * place.worldSize]
  // Hydra, MPICH's launcher, sets it.
  const knownFailures = process.env['PMI_RANK'] === undefined ? {} : mpichFailures(worldSizes)
  const world = { worldSizes, endingWorldSizes: [], pairs: false, knownFailures }
  for (const { run } of processGroupCases({ ...world, launch })) await run()
  console.log(`done: thread ${thread} of process ${place.globalRank}`)
}

if (isMainThread) startThreads()
else await beThread(workerData as { arena: SharedArena; thread: number })
