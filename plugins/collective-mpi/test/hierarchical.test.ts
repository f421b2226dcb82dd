import { requirePart } from '@levin/real-parts'
import { describe, expect, test } from 'vitest'
import { Job, type LauncherName } from './support.js'

async function runs(launcher: LauncherName): Promise<void> {
  const job = new Job({ launcher, ranks: 2, program: 'hierarchical' })
  expect(await job.exited, job.output).toBe(0)
  for (const process of [0, 1])
    for (const thread of [0, 1]) expect(job.output).toContain(`done: thread ${thread} of process ${process}`)
}

describe('two processes of two threads are one group of four', () => {
  test.runIf(requirePart('open-mpi'))('by Open MPI', () => runs('Open MPI'))
  test.runIf(requirePart('mpich'))('by MPICH', () => runs('MPICH'))
})
