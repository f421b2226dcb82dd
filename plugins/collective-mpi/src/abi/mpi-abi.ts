import type { MpiFamily } from './family.js'

/**
 * The binary interface that MPI 5.0 defines for every implementation: handles are pointers with small values (MPI 5.0,
 * appendix A). Tried: MPICH 5.0.2.
 */
export const mpiAbi: MpiFamily = {
  name: 'mpi-abi',
  title: 'an MPI 5',
  libraries: ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so', 'libmpi_abi.dylib'],
  // By its name alone: MPICH 5's own libmpi has the symbols of the standard's interface too, with MPICH's handles.
  known: { file: /libmpi_abi/ },
  handle: 'intptr_t',
  handleBytes: 8,
  handles: {
    world: 0x101,
    float32: 0x210,
    int32: 0x250,
    uint8: 0x241,
    bytes: 0x247,
    sum: 0x21,
    min: 0x22,
    max: 0x23,
    product: 0x24,
    errorsReturn: 0x143,
  },
  inPlace: 1,
  statusIgnore: 0,
  threadSerialized: 2048,
  start: 'Start the processes by the mpiexec of the MPI that libmpi_abi belongs to.',
}
