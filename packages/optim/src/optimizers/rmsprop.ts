import type { Optimizer } from '@levin/core'
import { type RmspropEntry, rmspropUpdate } from '@levin/ops'
import { decayRate, flag, nonNegative } from '../options.js'
import type { CommonOptions, OptimizerTarget } from '../parameter-groups.js'
import { RuleOptimizer } from './rule-optimizer.js'
import type { UpdateRule } from './update-rule.js'

export interface RmspropOptions extends CommonOptions {
  /** Default 1e-2. */
  readonly learningRate: number
  /** Decay of the running mean of squared gradients. Default 0.99. */
  readonly alpha: number
  /** Added to the root of that mean. Default 1e-8. */
  readonly epsilon: number
  /** L2 penalty: its share of the parameter is added to the gradient. Default 0. */
  readonly weightDecay: number
  /** Share of the last update's direction that goes on. Default 0: none. */
  readonly momentum: number
  /** Divide by an estimate of the variance instead of the second moment (Graves 2013). Default `false`. */
  readonly centered: boolean
  /** Go up instead of down. Default `false`. */
  readonly maximize: boolean
}

const rule: UpdateRule<RmspropOptions> = {
  name: 'rmsprop',
  kernel: 'LevinRmspropUpdate',
  defaults: {
    learningRate: 1e-2,
    alpha: 0.99,
    epsilon: 1e-8,
    weightDecay: 0,
    momentum: 0,
    centered: false,
    maximize: false,
  },
  rules: {
    learningRate: nonNegative,
    alpha: decayRate,
    epsilon: nonNegative,
    weightDecay: nonNegative,
    momentum: nonNegative,
    centered: flag,
    maximize: flag,
  },
  slots: ({ centered, momentum }) => [
    'squareAverage',
    ...(centered ? ['gradientAverage'] : []),
    ...(momentum === 0 ? [] : ['momentumBuffer']),
  ],
  update: (entries, { options, ...context }) =>
    rmspropUpdate(entries as unknown as readonly RmspropEntry[], { ...options, ...context }),
}

/**
 * RMSprop (Hinton 2012): the numbers of `torch.optim.RMSprop`. Keeps `squareAverage` per parameter, `gradientAverage`
 * if centered, and `momentumBuffer` with momentum.
 *
 * @param target `module.parameters()`, or groups `[{ parameters, learningRate, … }]`
 * @throws LEVIN_BAD_OPTION
 */
export function rmsprop(target: OptimizerTarget<RmspropOptions>, options: Partial<RmspropOptions> = {}): Optimizer {
  return new RuleOptimizer(rule, target, options)
}
