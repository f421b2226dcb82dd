/** Checkpoints in a browser's origin private file system. */
import { definePlugin, optionsSchema } from '@levin/core'
import { checkpointIO } from './checkpoint-io.js'
import { hasOpfs, opfsStorage } from './opfs-storage.js'

export { type OpfsOptions, opfsStorage } from './opfs-storage.js'

/** Checkpoints in the origin's private file system: what a run in a browser uses where no other I/O is chosen. */
export const opfs = /* @__PURE__ */ definePlugin({
  kind: 'checkpointIO',
  name: 'opfs',
  apiVersion: 1,
  priority: 5,
  schema: optionsSchema({}),
  availability: () =>
    hasOpfs()
      ? { ok: true }
      : {
          ok: false,
          reason: 'there is no origin private file system here.',
          remedy: 'Serve the page by https or from localhost.',
        },
  create: (_options: Record<never, never>) => checkpointIO(opfsStorage()),
})
