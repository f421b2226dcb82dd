import '@levin/collective-mpi/register'

export { default } from './points.js'
