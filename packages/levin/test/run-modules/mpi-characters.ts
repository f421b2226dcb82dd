import '@levin/collective-mpi/register'

export { default } from './characters.js'
