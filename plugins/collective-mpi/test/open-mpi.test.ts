import { requirePart } from '@levin/real-parts'
import { endsItsWorld, processGroupCases } from '@levin/testing'
import { afterAll, describe, test } from 'vitest'
import { mpiBodies } from './programs/bodies.js'
import { CaseJobs } from './support.js'

describe.runIf(requirePart('open-mpi'))('Open MPI', () => {
  const jobs = new CaseJobs('Open MPI')
  afterAll(() => jobs.end())
  const launch = (name: string, size: number) => (endsItsWorld(name) ? jobs.runOnce(name, size) : jobs.run(name, size))
  const cases = processGroupCases({ worldSizes: [1, 2, 3, 4, 5], endingWorldSizes: [3], launch })
  for (const { name, run } of cases) test(name, run)
  test.each(Object.keys(mpiBodies))('%s', (name) => jobs.run(name, 2))
})
