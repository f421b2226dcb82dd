/**
 * A rank of a job that something happens to: it writes down who it is, works, and writes down how that ended, into files that
 * outlive it. Its arguments: the folder for them, and what it works at.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevinError, type ProcessGroup, soloRank } from '@levin/core'
import { mpi } from '@levin/distributed'
import { MpiCollective } from '../../src/mpi-collective.js'

const [folder = '', work = '', silence = '1500'] = process.argv.slice(2)
const place = mpi().detect(process.env) ?? soloRank
const note = (what: string, content: object): void =>
  writeFileSync(join(folder, `${what}-${place.globalRank}.json`), JSON.stringify(content))

const compute = (milliseconds: number): void => {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

const WORKS: Readonly<Record<string, (group: ProcessGroup) => Promise<void>>> = {
  'in blocking collectives': async (group) => {
    for (;;) group.blocking?.allReduce(new Float32Array(50_000), 'sum')
  },
  'in asynchronous collectives': async (group) => {
    for (;;) await group.asynchronous.allReduce(new Float32Array(50_000), 'sum')
  },
  'waiting for rank 1': async (group) => {
    if (group.rank === 1) await new Promise((resolve) => setTimeout(resolve, 60_000))
    group.blocking?.barrier()
  },
  'computing between collectives': async (group) => {
    for (;;) {
      compute(5 * (group.rank + 1))
      await group.asynchronous.barrier()
    }
  },
  'one rank throws': async (group) => {
    for (let step = 0; ; step++) {
      if (step === 20 && group.rank === 1) throw new Error('this one is broken')
      await group.asynchronous.barrier()
    }
  },
  'one rank exits': async (group) => {
    for (let step = 0; ; step++) {
      if (step === 20 && group.rank === 1) process.exit(7)
      group.blocking?.barrier()
    }
  },
  'one rank aborts': async (group) => {
    if (group.rank === 1) {
      group.abort?.('rank 1 failed: no more paper.')
      process.exit(5)
    }
    group.blocking?.barrier()
  },
  'one rank computes for long': async (group) => {
    if (group.rank === 1) compute(3 * Number(silence))
    group.blocking?.barrier()
  },
  'to its end': async (group) => {
    await group.asynchronous.barrier()
  },
}

try {
  const group = await new MpiCollective({ silence: Number(silence) }).connect(place)
  note('ready', { process: process.pid })
  await WORKS[work]?.(group)
  await group.destroy()
} catch (error) {
  const code = LevinError.isInstance(error) ? error.code : 'none'
  note('error', { code, message: error instanceof Error ? error.message : String(error) })
  throw error
}
