import type { FamilyName, MpiFamily } from './family.js'
import { mpiAbi } from './mpi-abi.js'
import { mpich } from './mpich.js'
import { openMpi } from './open-mpi.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Who started this process, and the families whose processes it can bring together, the likeliest first. */
export interface MpiLauncher {
  readonly title: string
  /** Variables that only it sets. */
  readonly marks: readonly string[]
  readonly families: readonly FamilyName[]
}

/** In the order in which they are asked: Open MPI's launcher sets PMIx's variables too. */
const LAUNCHERS: readonly MpiLauncher[] = [
  {
    title: "Open MPI's mpirun",
    marks: ['OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_RANK'],
    families: ['open-mpi', 'mpi-abi'],
  },
  {
    title: "MPICH's mpiexec",
    marks: ['PMI_RANK', 'PMI_SIZE', 'PMI_FD', 'PMI_PORT', 'MPI_LOCALRANKID'],
    families: ['mpich', 'mpi-abi'],
  },
  { title: 'a launcher that speaks PMIx', marks: ['PMIX_RANK'], families: ['open-mpi', 'mpi-abi', 'mpich'] },
  { title: 'Slurm', marks: ['SLURM_PROCID'], families: ['open-mpi', 'mpi-abi', 'mpich'] },
]

const NOBODY: MpiLauncher = { title: 'no launcher', marks: [], families: ['open-mpi', 'mpich', 'mpi-abi'] }

/** The families by name, in the order in which a library that was opened is asked whether it is one of them. */
export const FAMILIES: Readonly<Record<FamilyName, MpiFamily>> = {
  'mpi-abi': mpiAbi,
  'open-mpi': openMpi,
  mpich,
}

export const launcherOf = (environment: Environment): MpiLauncher =>
  LAUNCHERS.find(({ marks }) => marks.some((mark) => environment[mark] !== undefined)) ?? NOBODY
