// Makes 'mpi' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { mpi } from './mpi.js'
import type { MpiOptions } from './mpi-collective.js'

register(mpi)

declare module '@levin/core' {
  interface CollectiveRegistry {
    mpi: MpiOptions
  }
}
