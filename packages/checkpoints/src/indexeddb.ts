/** Checkpoints in an IndexedDB database. */
import { definePlugin, optionsSchema, text } from '@levin/core'
import { checkpointIO } from './checkpoint-io.js'
import { hasIndexedDb, indexedDbStorage } from './indexeddb-storage.js'

export { indexedDbStorage } from './indexeddb-storage.js'

export interface IndexedDbOptions {
  /** Name of the database. Default `'levin'`. */
  readonly database?: string | undefined
}

/** Checkpoints in an IndexedDB database, for browsers without an origin private file system. */
export const indexedDb = /* @__PURE__ */ definePlugin({
  kind: 'checkpointIO',
  name: 'indexeddb',
  apiVersion: 1,
  priority: 1,
  schema: optionsSchema<IndexedDbOptions>({ database: text('the name of a database') }),
  availability: () =>
    hasIndexedDb()
      ? { ok: true }
      : { ok: false, reason: 'there is no IndexedDB here.', remedy: "In Node use 'disk' of @levin/checkpoints/node." },
  create: ({ database }: IndexedDbOptions) => checkpointIO(indexedDbStorage(database)),
})
