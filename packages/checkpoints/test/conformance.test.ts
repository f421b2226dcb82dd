import { join } from 'node:path'
import { checkpointIOCases } from '@levin/testing'
import { describe, it } from 'vitest'
import 'fake-indexeddb/auto'
import { checkpointIO, memoryStorage } from '../src/index.js'
import { indexedDbStorage } from '../src/indexeddb.js'
import { diskCheckpoints } from '../src/node.js'
import { opfsStorage } from '../src/opfs.js'
import { temporaryFolders } from './support.js'
import { memoryFileSystem } from './support-opfs.js'

const folder = temporaryFolders()
let runs = 0
const anyFolder = () => `runs/${runs++}`
const memory = memoryStorage()
const fileSystem = memoryFileSystem()

describe.each([
  ['memory', { create: () => checkpointIO(memory), folder: anyFolder }],
  ['disk', { create: diskCheckpoints, folder: async () => join(await folder(), 'checkpoints') }],
  ['OPFS', { create: () => checkpointIO(opfsStorage({ root: async () => fileSystem })), folder: anyFolder }],
  ['IndexedDB', { create: () => checkpointIO(indexedDbStorage('conformance')), folder: anyFolder }],
])('checkpoints in %s, as the Trainer relies on them', (_name, harness) => {
  for (const { name, run } of checkpointIOCases(harness)) it(name, run)
})
