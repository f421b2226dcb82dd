export { mpi } from './mpi.js'
export type { MpiOptions } from './mpi-collective.js'
