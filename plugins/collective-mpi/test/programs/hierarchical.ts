/** A process with two ranks, threads that share memory, of which the first talks to other processes by MPI: all cases. */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { soloRank } from '@levin/core'
import { connectShared, createArena, hierarchicalGroup, mpi, type SharedArena } from '@levin/distributed'
import { processGroupBodies, processGroupCases } from '@levin/testing'
import { MpiCollective } from '../../src/mpi-collective.js'

const THREADS = 2
const OPTIONS = { deadline: 20_000 }

const place = mpi().detect(process.env) ?? soloRank
const isFirst = parentPort === null
const arena = isFirst ? createArena(THREADS) : (workerData as SharedArena)
const threads = connectShared(arena, isFirst ? 0 : 1, OPTIONS)
const processes = new MpiCollective({ silence: 3_000 })

if (isFirst) {
  const start = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
    .then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}) })`
  const worker = new Worker(start, { eval: true, workerData: arena, execArgv: ['--conditions=@levin/source'] })
  worker.on('error', (error) => {
    throw error
  })
}

async function launch(name: string): Promise<void> {
  const inner = await threads.split(0)
  const outer = isFirst ? await processes.connect(place, OPTIONS) : undefined
  const group = await hierarchicalGroup(inner, outer, OPTIONS)
  await processGroupBodies[name]?.(group)
  await group.destroy()
}

const world = { worldSizes: [THREADS * place.worldSize], endingWorldSizes: [], pairs: false }
for (const { run } of processGroupCases({ ...world, launch })) await run()
console.log(`done: ${isFirst ? 'first' : 'second'} of process ${place.globalRank}`)
