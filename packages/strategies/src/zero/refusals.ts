import { LevinError, type Module, type StoredTensor } from '@levin/core'

/** Refuses a module that clips its gradients itself, where no rank has all of them. */
export function requireOwnClippingAbsent(module: Module, ranks: number): void {
  if (ranks === 1 || !module.configureGradientClipping) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${module.constructor.name} has configureGradientClipping(), which under the strategy 'zero' would see this rank's part of the gradients and take it for all of them.`,
    remedy: 'Use gradientClipVal, which clips by the norm over all ranks, or the strategy ddp.',
  })
}

export const differentLayers = (): LevinError =>
  new LevinError('LEVIN_COLLECTIVE', {
    message:
      "Ranks have run different layers in one step, which under stage 3 of the strategy 'zero' are gathered when they run.",
    expected: 'every rank to call the same layers in the same order, whatever its samples are',
    remedy:
      'Call them on all ranks, with no samples if need be; or name in the option `units` only layers that all ranks call, since what belongs to no unit is gathered for the whole step.',
  })

export const refuseParts = ({ path }: StoredTensor): LevinError =>
  new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `'${path}' holds a part of its values, from an earlier run that was divided otherwise.`,
    remedy: 'Make the module anew, and load a checkpoint of that run.',
  })
