import { LevinError, type Optimizer } from '@levin/core'
import { type SgdEntry, sgdUpdate } from '@levin/ops'
import { anyNumber, flag, nonNegative } from '../options.js'
import type { CommonOptions, OptimizerTarget } from '../parameter-groups.js'
import { RuleOptimizer } from './rule-optimizer.js'
import type { UpdateRule } from './update-rule.js'

export interface SgdOptions extends CommonOptions {
  /** Default 1e-3. */
  readonly learningRate: number
  /** Share of the last update's direction that goes on. Default 0: none. */
  readonly momentum: number
  /** Takes this share off a gradient on its way into the momentum. Default 0. */
  readonly dampening: number
  /** L2 penalty: its share of the parameter is added to the gradient. Default 0. */
  readonly weightDecay: number
  /** Look ahead along the momentum (Sutskever et al. 2013). Needs momentum, and no dampening. Default `false`. */
  readonly nesterov: boolean
  /** Go up instead of down. Default `false`. */
  readonly maximize: boolean
}

const rule: UpdateRule<SgdOptions> = {
  name: 'sgd',
  kernel: 'LevinSgdUpdate',
  defaults: { learningRate: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
  rules: {
    learningRate: nonNegative,
    momentum: nonNegative,
    dampening: anyNumber,
    weightDecay: nonNegative,
    nesterov: flag,
    maximize: flag,
  },
  checkTogether({ nesterov, momentum, dampening }) {
    if (!nesterov || (momentum > 0 && dampening === 0)) return
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: 'The option `nesterov` of sgd needs momentum, and no dampening.',
      expected: 'momentum above 0 and dampening 0',
      found: `momentum ${momentum} and dampening ${dampening}`,
    })
  },
  slots: ({ momentum }) => (momentum === 0 ? [] : ['momentumBuffer']),
  update: (entries, { options, ...context }) => sgdUpdate(entries as readonly SgdEntry[], { ...options, ...context }),
}

/**
 * Stochastic gradient descent with momentum: the numbers of `torch.optim.SGD`. Keeps one tensor per parameter,
 * `momentumBuffer`, with momentum only.
 *
 * @param target `module.parameters()`, or groups `[{ parameters, learningRate, … }]`
 * @throws LEVIN_BAD_OPTION
 */
export function sgd(target: OptimizerTarget<SgdOptions>, options: Partial<SgdOptions> = {}): Optimizer {
  return new RuleOptimizer(rule, target, options)
}
