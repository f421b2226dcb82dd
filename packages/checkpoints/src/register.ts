// Makes 'disk' known by name, to the program and to the compiler.
import { register } from '@levin/core'
import { type DiskOptions, disk } from './disk.js'

register(disk)

declare module '@levin/core' {
  interface CheckpointIORegistry {
    disk: DiskOptions
  }
}
