import { availabilityOf, LevinError, pluginsOf, recipeOf, register } from '@levin/core'
import { requirePart } from '@levin/real-parts'
import { describe, expect, test } from 'vitest'
import { launcherOf } from '../src/abi/launchers.js'
import { mpi } from '../src/index.js'
import '../src/register.js'
import { Job } from './support.js'

describe('the plugin', () => {
  test('is known by its name', () => {
    expect(pluginsOf('collective').map(({ name }) => name)).toContain('mpi')
    expect(() => register(mpi)).not.toThrow()
  })

  test('travels as a recipe', () => {
    expect(recipeOf(mpi({ silence: 2_000 }))).toEqual({ kind: 'collective', name: 'mpi', options: { silence: 2_000 } })
  })

  test('refuses options that are none', () => {
    expect(() => mpi({ silence: 5 })).toThrow(LevinError)
    expect(() => mpi({ library: '' })).toThrow(LevinError)
  })
})

test.each([
  [{ OMPI_COMM_WORLD_SIZE: '2', PMIX_RANK: '0' }, 'open-mpi'],
  [{ PMI_RANK: '0', PMI_SIZE: '2', PMI_FD: '6' }, 'mpich'],
  [{ PMIX_RANK: '0', SLURM_PROCID: '0' }, 'open-mpi'],
  [{ SLURM_PROCID: '0', PMI_RANK: '0' }, 'mpich'],
  [{}, 'open-mpi'],
] as const)('of %o the first library is that of %s', (environment, family) => {
  expect(launcherOf(environment).families[0]).toBe(family)
})

describe.runIf(requirePart('open-mpi'))('with Open MPI', () => {
  test('it is available, and says which library it found', async () => {
    expect(await availabilityOf(mpi)).toMatchObject({ ok: true, detail: expect.stringMatching(/Open MPI.*libmpi/) })
  })

  test.runIf(requirePart('mpich'))(
    'a library of another MPI than the launcher’s is refused, with what to do',
    async () => {
      const environment = { LEVIN_MPI: 'libmpich.so.12' }
      const job = new Job({ launcher: 'Open MPI', ranks: 2, program: 'refused', environment })
      expect(await job.exited).toBe(0)
      expect(job.output).toMatch(/LEVIN_UNAVAILABLE.*takes this process for alone.*rank \d of 2.*found rank 0 of 1/)
      expect(job.output).toMatch(/mpiexec\.hydra/)
    },
  )

  test('a library that is not there is refused, with what was tried', async () => {
    const environment = { LEVIN_MPI: 'libnone.so.1' }
    const job = new Job({ launcher: 'Open MPI', ranks: 1, program: 'refused', environment })
    expect(await job.exited).toBe(0)
    expect(job.output).toMatch(/LEVIN_UNAVAILABLE.*libnone\.so\.1.*apt-get install openmpi-bin/)
  })

  test('a cluster environment that says otherwise is refused', async () => {
    const job = new Job({ launcher: 'Open MPI', ranks: 2, program: 'refused', args: ['5'] })
    expect(await job.exited).toBe(0)
    expect(job.output).toMatch(/LEVIN_CLUSTER.*rank \d of 5.*rank \d of 2/)
  })
})
