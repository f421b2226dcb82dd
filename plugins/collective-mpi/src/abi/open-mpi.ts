import type { MpiFamily } from './family.js'

/** Open MPI: handles are addresses of objects in the library. Tried: 4.1.4. */
export const openMpi: MpiFamily = {
  name: 'open-mpi',
  title: 'Open MPI',
  libraries: ['libmpi.so.40', 'libmpi.so', 'libmpi.dylib'],
  known: { symbol: 'ompi_mpi_comm_world' },
  handle: 'intptr_t',
  handleBytes: 8,
  handles: {
    world: 'ompi_mpi_comm_world',
    float32: 'ompi_mpi_float',
    int32: 'ompi_mpi_int32_t',
    uint8: 'ompi_mpi_uint8_t',
    bytes: 'ompi_mpi_byte',
    sum: 'ompi_mpi_op_sum',
    min: 'ompi_mpi_op_min',
    max: 'ompi_mpi_op_max',
    product: 'ompi_mpi_op_prod',
    errorsReturn: 'ompi_mpi_errors_return',
  },
  inPlace: 1,
  statusIgnore: 0,
  threadSerialized: 2,
  start: "Start the processes by Open MPI's mpirun, or under Slurm by srun --mpi=pmix.",
}
