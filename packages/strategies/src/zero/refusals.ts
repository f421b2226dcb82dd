import { LevinError, type Module, type StoredTensor } from '@levin/core'

/** Refuses a module that clips its gradients itself, where no rank has all of them. */
export function requireOwnClippingAbsent(module: Module, ranks: number): void {
  if (ranks === 1 || !module.configureGradientClipping) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${module.constructor.name} has configureGradientClipping(), which under the strategy 'zero' would see this rank's part of the gradients and take it for all of them.`,
    remedy: 'Use gradientClipVal, which clips by the norm over all ranks, or the strategy ddp.',
  })
}

export const refuseParts = ({ path }: StoredTensor): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `'${path}' holds a part of its values, from an earlier run that was divided otherwise.`,
    remedy: 'Make the module anew, and load a checkpoint of that run.',
  })
