import { definePlugin } from '@levin/core'
import * as v from 'valibot'
import { checkpointIO } from './checkpoint-io.js'
import { nodeModules, nodeStorage } from './node-storage.js'

/** Options of {@link disk}: there are none. */
export type DiskOptions = Record<never, never>

/** Checkpoints in folders on disk: what a run in Node uses where no other checkpoint I/O is chosen. */
export const disk = /* @__PURE__ */ definePlugin({
  kind: 'checkpointIO',
  name: 'disk',
  apiVersion: 1,
  priority: 10,
  schema: v.strictObject({}),
  availability: () =>
    nodeModules()
      ? { ok: true }
      : { ok: false, reason: 'there is no disk here.', remedy: 'Run it in Node 20.19 or later, or use opfs.' },
  create: (_options: DiskOptions) => checkpointIO(nodeStorage()),
})
