import { LevinError, type Parameter } from '@levin/core'

/** No rank's loss depends on anything that is trained. */
export const notConnected = (parameters: readonly Parameter[]): LevinError =>
  parameters.length === 0
    ? new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
        message: 'There is nothing to train: every parameter of the optimizer is frozen.',
        remedy: 'Call unfreeze() on the module, or on the layers that are to learn.',
      })
    : new LevinError('LEVIN_LOSS_NOT_CONNECTED', {
        message: `The loss depends on none of the ${parameters.length} parameters that the optimizer trains, on any rank.`,
        remedy:
          'Compute it from the output of layers, without reading values back (dataSync, arraySync) and without integer ops such as argMax on the way; and check that the parameters given to the optimizer are those of this module.',
      })
