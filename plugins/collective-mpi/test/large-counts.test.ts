import { requirePart } from '@levin/real-parts'
import { endsItsWorld, processGroupBodies } from '@levin/testing'
import { afterAll, describe, test } from 'vitest'
import { CaseJobs } from './support.js'

/** As if MPI's numbers ended at 50: what is done beyond 2³¹ elements needs no gigabytes to be tested. */
const MOST = '50'

describe.runIf(requirePart('open-mpi'))('more elements than MPI can count', () => {
  const jobs = new CaseJobs('Open MPI', MOST)
  afterAll(() => jobs.end())
  const names = Object.keys(processGroupBodies).filter((name) => !endsItsWorld(name))
  test.each(names)('%s', (name) => jobs.run(name, 3))
})
