import { LevinError } from '@levin/core'

export const differentLayers = (): LevinError =>
  new LevinError('LEVIN_COLLECTIVE', {
    message:
      "Ranks have run different layers in one step, which under stage 3 of the strategy 'zero' are gathered when they run.",
    expected: 'every rank to call the same layers in the same order, whatever its samples are',
    remedy:
      'Call them on all ranks, with no samples if need be; or name in the option `units` only layers that all ranks call, since what belongs to no unit is gathered for the whole step.',
  })
