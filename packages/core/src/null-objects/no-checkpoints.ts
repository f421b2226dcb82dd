import type { CheckpointIO } from '../contracts/checkpoint-io.js'
import { LevinError } from '../errors.js'

const refuse = (): Promise<never> =>
  Promise.reject(
    new LevinError('LEVIN_UNAVAILABLE', {
      message: 'Nothing here can read or write checkpoints.',
      remedy:
        "Install @levin/checkpoints and import '@levin/checkpoints/register', or give the Trainer a checkpointIO.",
    }),
  )

/** The checkpoint I/O where none is installed: every call says which package to add. */
export const noCheckpoints: CheckpointIO = {
  name: 'none',
  save: refuse,
  load: refuse,
  remove: refuse,
  exists: async () => false,
  point: refuse,
  resolve: async () => undefined,
  prepare: refuse,
}
