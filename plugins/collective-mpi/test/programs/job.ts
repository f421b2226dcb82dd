/**
 * The ranks of a job that does one case after the other: rank 0 reads names from its standard input, all do that case in a world
 * of their own, and rank 0 prints how it went. Its argument: the most elements of one call of MPI.
 */
import { createInterface } from 'node:readline'
import { type ProcessGroup, soloRank } from '@levin/core'
import { mpi } from '@levin/distributed'
import { endsItsWorld, processGroupBodies } from '@levin/testing'
import { MPI_LIMITS } from '../../src/group/collective.js'
import { gatherTexts } from '../../src/group/texts.js'
import { MpiCollective } from '../../src/mpi-collective.js'
import { mpiBodies } from './bodies.js'

const place = mpi().detect(process.env) ?? soloRank
const most = Number(process.argv[2] ?? 0)
const limits = most > 0 ? { elements: most, bytes: 4 * most } : MPI_LIMITS
const collective = new MpiCollective({ silence: 3_000 }, limits)
const control = await collective.connect(place)
const bodies = { ...processGroupBodies, ...mpiBodies }

async function attempt(name: string, group: ProcessGroup): Promise<string> {
  try {
    await bodies[name]?.(group)
    return bodies[name] ? '' : `There is no case called '${name}'.`
  } catch (error) {
    return `rank ${place.globalRank}: ${error instanceof Error ? `${error.message}\n${error.stack}` : String(error)}`
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

const report = (text: string): void => console.log(`\nRESULT ${JSON.stringify(text)}`)

async function serve(name: string): Promise<void> {
  const group = await collective.connect(place, { deadline: 20_000 })
  await control.asynchronous.barrier()
  // A world ends for whoever is still in the barrier, too.
  if (endsItsWorld(name)) await pause(300)
  const error = await attempt(name, group)
  if (endsItsWorld(name)) {
    // Nobody can be asked any more: each rank says what it knows, and stays until those have done so that are late on purpose.
    report(error)
    await pause(1_700)
    process.exit(1)
  }
  await group.destroy()
  const errors = await gatherTexts(control, error)
  if (place.globalRank === 0) report(errors.filter((each) => each !== '').join('\n'))
}

async function* names(): AsyncGenerator<string> {
  if (place.globalRank === 0) {
    for await (const line of createInterface({ input: process.stdin })) {
      await gatherTexts(control, line)
      yield line
    }
    await gatherTexts(control, '')
    return
  }
  for (;;) {
    const [name = ''] = await gatherTexts(control, '')
    if (name === '') return
    yield name
  }
}

for await (const name of names()) await serve(name)
await control.destroy()
