import { LevinError, type Module } from '@levin/core'

/** Refuses a module that clips its gradients itself, where no rank has all of them. */
export function requireOwnClippingAbsent(module: Module, strategy: string, ranks: number): void {
  if (ranks === 1 || !module.configureGradientClipping) return
  throw new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${module.constructor.name} has configureGradientClipping(), which under the strategy '${strategy}' would see this rank's part of the gradients and take it for all of them.`,
    remedy: 'Use gradientClipVal, which clips by the norm over all ranks, or the strategy ddp.',
  })
}
