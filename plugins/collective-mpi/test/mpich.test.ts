import { requirePart } from '@levin/real-parts'
import { processGroupCases } from '@levin/testing'
import { afterAll, describe, test } from 'vitest'
import { mpichFailures } from './mpich-failures.js'
import { mpiBodies } from './programs/bodies.js'
import { CaseJobs } from './support.js'

describe.runIf(requirePart('mpich'))('MPICH', () => {
  const jobs = new CaseJobs('MPICH')
  afterAll(() => jobs.end())
  const launch = (name: string, size: number) => jobs.run(name, size)
  // How worlds end is the same code as with Open MPI.
  const knownFailures = mpichFailures([2, 3])
  const cases = processGroupCases({ worldSizes: [2, 3], endingWorldSizes: [], launch, knownFailures })
  for (const { name, run } of cases) test(name, run)
  test.each(Object.keys(mpiBodies))('%s', (name) => jobs.run(name, 2))
})
