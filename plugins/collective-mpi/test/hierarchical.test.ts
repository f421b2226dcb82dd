import { requirePart } from '@levin/real-parts'
import { expect, test } from 'vitest'
import { Job } from './support.js'

test.runIf(requirePart('open-mpi'))('two processes of two threads are one group of four', async () => {
  const job = new Job({ launcher: 'Open MPI', ranks: 2, program: 'hierarchical' })
  expect(await job.exited, job.output).toBe(0)
  for (const process of [0, 1])
    for (const thread of ['first', 'second']) expect(job.output).toContain(`done: ${thread} of process ${process}`)
})
