// Makes 'disk', 'opfs' and 'indexeddb' known by name, to the program and to the compiler. Where one of them cannot be used
// it says so when it is asked: importing it touches nothing of its platform.
import { register } from '@levin/core'
import { type DiskOptions, disk } from './disk.js'
import { type IndexedDbOptions, indexedDb } from './indexeddb.js'
import { opfs } from './opfs.js'

register(disk)
register(opfs)
register(indexedDb)

declare module '@levin/core' {
  interface CheckpointIORegistry {
    disk: DiskOptions
    opfs: Record<never, never>
    indexeddb: IndexedDbOptions
  }
}
