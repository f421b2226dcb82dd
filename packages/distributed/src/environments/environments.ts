import { type ClusterEnvironment, definePlugin } from '@levin/core'
import * as v from 'valibot'
import { anyOf, type RankVariables, readRank, type Variables } from './variables.js'

/** Whom an environment recognises, and by what. */
interface Recognition {
  readonly name: string
  /** What users call the launcher. */
  readonly launcher: string
  /** Whether it has started this process as one of several. */
  isHere(variables: Variables): boolean
  readonly variables: RankVariables
}

const MPI_RANK = ['OMPI_COMM_WORLD_RANK', 'PMI_RANK'] as const
/** Set by `mpirun` and `mpiexec` themselves, and not by `srun` where it stands in for them. */
const MPI_LAUNCHERS = ['OMPI_COMM_WORLD_RANK', 'MPI_LOCALRANKID'] as const

const torchrunRecognition: Recognition = {
  name: 'torchrun',
  launcher: 'torchrun',
  isHere: (variables) => anyOf(['TORCHELASTIC_RUN_ID'], variables),
  variables: {
    globalRank: ['RANK'],
    worldSize: ['WORLD_SIZE'],
    localRank: ['LOCAL_RANK'],
    localWorldSize: ['LOCAL_WORLD_SIZE'],
    nodeRank: ['GROUP_RANK', 'NODE_RANK'],
  },
}

const slurmRecognition: Recognition = {
  name: 'slurm',
  launcher: 'srun',
  // A shell of salloc has the variables of the job, and is no task of it. What mpirun starts inside a job has Slurm's
  // variables of its daemon, which say nothing of the rank.
  isHere: (variables) =>
    anyOf(['SLURM_PROCID'], variables) &&
    anyOf(['SLURM_NTASKS'], variables) &&
    !['bash', 'interactive'].includes(variables['SLURM_JOB_NAME'] ?? '') &&
    !anyOf(MPI_LAUNCHERS, variables),
  variables: {
    globalRank: ['SLURM_PROCID'],
    worldSize: ['SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS'],
    localRank: ['SLURM_LOCALID'],
    localWorldSize: ['SLURM_STEP_TASKS_PER_NODE', 'SLURM_NTASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'],
    nodeRank: ['SLURM_NODEID'],
  },
}

const mpiRecognition: Recognition = {
  name: 'mpi',
  launcher: 'mpirun',
  isHere: (variables) => anyOf(MPI_RANK, variables),
  variables: {
    globalRank: MPI_RANK,
    worldSize: ['OMPI_COMM_WORLD_SIZE', 'PMI_SIZE'],
    localRank: ['OMPI_COMM_WORLD_LOCAL_RANK', 'MPI_LOCALRANKID'],
    localWorldSize: ['OMPI_COMM_WORLD_LOCAL_SIZE', 'MPI_LOCALNRANKS'],
    nodeRank: [],
  },
}

const kubeflowRecognition: Recognition = {
  name: 'kubeflow',
  launcher: 'the operator of Kubernetes',
  isHere: (variables) =>
    ['KUBERNETES_PORT', 'MASTER_ADDR', 'MASTER_PORT', 'WORLD_SIZE', 'RANK'].every((name) => anyOf([name], variables)),
  variables: {
    globalRank: ['RANK'],
    worldSize: ['WORLD_SIZE'],
    localRank: ['LOCAL_RANK'],
    localWorldSize: ['LOCAL_WORLD_SIZE'],
    nodeRank: ['RANK'],
  },
}

const environment = ({ name, launcher, isHere, variables: names }: Recognition): ClusterEnvironment => ({
  name,
  detect: (variables) => (isHere(variables) ? readRank(launcher, names, variables) : undefined),
})

const plugin = <const N extends string>(name: N, recognition: Recognition, priority: number) =>
  definePlugin({
    kind: 'clusterEnvironment',
    name,
    apiVersion: 1,
    // Lightning's order. Who is asked first matters where one launcher runs inside another.
    priority,
    schema: v.strictObject({}),
    create: (_options: Record<never, never>) => environment(recognition),
  })

/** `torchrun`, and whatever sets its variables together with `TORCHELASTIC_RUN_ID`. */
export const torchrun = /* @__PURE__ */ plugin('torchrun', torchrunRecognition, 40)
/** Tasks of `srun`. Start them with `srun --mpi=pmix`, so that MPI finds the others. */
export const slurm = /* @__PURE__ */ plugin('slurm', slurmRecognition, 30)
/** `mpirun` and `mpiexec` of Open MPI, MPICH and its relatives; an MPIJob of Kubeflow too, which calls them. */
export const mpi = /* @__PURE__ */ plugin('mpi', mpiRecognition, 20)
/** Jobs of Kubeflow's training operator that are no MPIJob. */
export const kubeflow = /* @__PURE__ */ plugin('kubeflow', kubeflowRecognition, 10)
