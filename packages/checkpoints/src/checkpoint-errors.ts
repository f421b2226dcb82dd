import { LevinError } from '@levin/core'

/** A file of a checkpoint is not what it says it is. */
export const corrupt = (file: string, what: string, cause?: unknown): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_CORRUPT', {
    message: `'${file}' is damaged: ${what}.`,
    remedy: 'Use another checkpoint: this one was cut short or changed after it was written.',
    cause,
  })

export const notFound = (location: string, what = 'is no checkpoint'): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_NOT_FOUND', {
    message: `'${location}' ${what}.`,
    remedy: 'Check the path: a checkpoint is a folder with a manifest.json in it.',
  })

export const occupied = (location: string): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_EXISTS', {
    message: `There is a checkpoint at '${location}' already.`,
    remedy: 'Choose another place, or leave out replace: false.',
  })

export const unreadableVersion = (file: string, expected: string, found: string): LevinError =>
  new LevinError('LEVIN_CHECKPOINT_VERSION', {
    message: `'${file}' cannot be read by this version of @levin/checkpoints.`,
    expected,
    found,
    remedy: 'Install the version that wrote it, or a newer one.',
  })

/** The medium's own error in levin's words; errors of levin pass. */
export function filesError(location: string, error: unknown): LevinError {
  if (LevinError.isInstance(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new LevinError('LEVIN_FILES', { message: `Cannot write '${location}': ${message}.`, cause: error })
}
