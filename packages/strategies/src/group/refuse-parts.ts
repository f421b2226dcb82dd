import { LevinError, type StoredTensor } from '@levin/core'

export const refuseParts = ({ path }: StoredTensor): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `'${path}' holds a part of its values, from an earlier run that was divided otherwise.`,
    remedy: 'Make the module anew, and load a checkpoint of that run.',
  })
