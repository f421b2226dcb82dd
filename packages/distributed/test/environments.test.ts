import { type ClusterEnvironment, instantiate, LevinError, pluginsOf } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { kubeflow, mpi, slurm, torchrun } from '../src/index.js'
import '../src/register.js'

const OPEN_MPI = {
  OMPI_COMM_WORLD_RANK: '5',
  OMPI_COMM_WORLD_SIZE: '8',
  OMPI_COMM_WORLD_LOCAL_RANK: '1',
  OMPI_COMM_WORLD_LOCAL_SIZE: '4',
}
const HYDRA = { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALRANKID: '1', MPI_LOCALNRANKS: '2' }
const SRUN = {
  SLURM_JOB_NAME: 'train',
  SLURM_PROCID: '3',
  SLURM_NTASKS: '4',
  SLURM_LOCALID: '1',
  SLURM_NODEID: '1',
  SLURM_STEP_TASKS_PER_NODE: '2(x2)',
}
const TORCHRUN = {
  TORCHELASTIC_RUN_ID: 'none',
  RANK: '6',
  WORLD_SIZE: '8',
  LOCAL_RANK: '2',
  LOCAL_WORLD_SIZE: '4',
  GROUP_RANK: '1',
}
const KUBEFLOW = {
  KUBERNETES_PORT: 'tcp://10.0.0.1:443',
  MASTER_ADDR: 'a',
  MASTER_PORT: '23456',
  RANK: '2',
  WORLD_SIZE: '4',
}

const rank = (globalRank: number, worldSize: number, localRank: number, localWorldSize: number, nodeRank: number) => ({
  globalRank,
  worldSize,
  localRank,
  localWorldSize,
  nodeRank,
})

/** As the Trainer asks: the first that knows. */
function found(variables: Record<string, string>): [string, ReturnType<ClusterEnvironment['detect']>] | undefined {
  for (const plugin of pluginsOf('clusterEnvironment')) {
    const environment = instantiate<'clusterEnvironment'>(plugin, {})
    const detected = environment.detect(variables)
    if (detected) return [environment.name, detected]
  }
  return undefined
}

describe('a cluster environment', () => {
  test.each([
    ['Open MPI', OPEN_MPI, 'mpi', rank(5, 8, 1, 4, 1)],
    ['MPICH', HYDRA, 'mpi', rank(1, 2, 1, 2, 0)],
    ['srun', SRUN, 'slurm', rank(3, 4, 1, 2, 1)],
    ['torchrun', TORCHRUN, 'torchrun', rank(6, 8, 2, 4, 1)],
    ['an operator of Kubernetes', KUBEFLOW, 'kubeflow', rank(2, 4, 0, 1, 2)],
  ])('is recognised by the variables of %s', (_launcher, variables, name, expected) => {
    expect(found(variables)).toEqual([name, expected])
  })

  test('is nothing where nobody has started the process as one of several', () => {
    expect(found({ PATH: '/bin', RANK: '1' })).toBeUndefined()
  })

  test('comes in the order of Lightning: torchrun inside a job of Slurm is torchrun', () => {
    expect(found({ ...SRUN, ...TORCHRUN })?.[0]).toBe('torchrun')
    expect(found({ ...KUBEFLOW, ...SRUN })?.[0]).toBe('slurm')
  })

  test('of Slurm is not taken for that of the mpirun inside its job, whose ranks have variables of the daemon', () => {
    expect(found({ ...SRUN, ...OPEN_MPI })).toEqual(['mpi', rank(5, 8, 1, 4, 1)])
    expect(found({ ...SRUN, ...HYDRA })?.[0]).toBe('mpi')
  })

  test('of srun --mpi=pmi2, which sets variables of MPI too, is that of Slurm', () => {
    expect(found({ ...SRUN, PMI_RANK: '3', PMI_SIZE: '4' })?.[0]).toBe('slurm')
  })

  test('is not a shell inside an allocation of Slurm', () => {
    expect(found({ ...SRUN, SLURM_JOB_NAME: 'interactive' })).toBeUndefined()
    expect(found({ SLURM_NTASKS: '4', SLURM_JOB_ID: '12' })).toBeUndefined()
  })

  test.each([
    ['a variable is missing', { OMPI_COMM_WORLD_RANK: '1' }, 'OMPI_COMM_WORLD_SIZE or PMI_SIZE is not set'],
    [
      'a variable is no number',
      { ...TORCHRUN, RANK: 'first' },
      "torchrun has set RANK to 'first'. Expected a whole number.",
    ],
    ['a rank lies beyond the world', { ...SRUN, SLURM_PROCID: '4' }, 'SLURM_PROCID to 4, and SLURM_NTASKS to 4'],
  ])('whose variables make no sense is refused: %s', (_what, variables, message) => {
    const attempt = () => found(variables)
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ code: 'LEVIN_CLUSTER' }))
  })

  test('can be named', () => {
    for (const [plugin, variables] of [
      [torchrun, TORCHRUN],
      [slurm, SRUN],
      [mpi, OPEN_MPI],
      [kubeflow, KUBEFLOW],
    ] as const)
      expect(plugin().detect(variables)).toBeDefined()
    expect(() => (mpi as (options: object) => unknown)({ hosts: 1 })).toThrow(LevinError)
  })
})
