import { LevinError, type RunKind } from '@levin/core'

const KEY = Symbol.for('@levin/trainer/running')
const holder = globalThis as { [KEY]?: RunKind }

/**
 * Runs `body` unless another run is going on in this thread: both would share tfjs's scopes, and free each other's
 * tensors.
 *
 * @throws LEVIN_BUSY
 */
export async function oneRunAtATime<T>(kind: RunKind, body: () => Promise<T>): Promise<T> {
  if (holder[KEY]) {
    throw new LevinError('LEVIN_BUSY', {
      message: `${kind}() was called while ${holder[KEY]}() is running in this thread.`,
      remedy: 'Await the first run, or start the second one in a worker.',
    })
  }
  holder[KEY] = kind
  try {
    return await body()
  } finally {
    delete holder[KEY]
  }
}
