import type { MpiFamily } from './family.js'

/** MPICH, and what shares its numbers: Intel MPI, MVAPICH, Cray MPICH. Handles are integers. Tried: MPICH 4.0.2. */
export const mpich: MpiFamily = {
  name: 'mpich',
  title: 'MPICH',
  libraries: ['libmpich.so.12', 'libmpi.so.12', 'libmpi.dylib'],
  known: {},
  handle: 'int',
  handleBytes: 4,
  handles: {
    world: 0x44000000,
    float32: 0x4c00040a,
    int32: 0x4c000439,
    uint8: 0x4c00013b,
    bytes: 0x4c00010d,
    sum: 0x58000003,
    min: 0x58000002,
    max: 0x58000001,
    product: 0x58000004,
    errorsReturn: 0x54000001,
  },
  inPlace: -1,
  statusIgnore: 1,
  threadSerialized: 2,
  start: 'Start the processes by mpiexec.hydra, or under Slurm by srun --mpi=pmi2.',
}
