import type { Optimizer } from '@levin/core'
import { type AdamEntry, adamUpdate } from '@levin/ops'
import { decayRates, flag, nonNegative } from '../options.js'
import type { CommonOptions, OptimizerTarget } from '../parameter-groups.js'
import { RuleOptimizer } from './rule-optimizer.js'
import type { UpdateRule } from './update-rule.js'

export interface AdamOptions extends CommonOptions {
  /** Default 1e-3. */
  readonly learningRate: number
  /** Decay of the running means of the gradient and of its square. Default `[0.9, 0.999]`. */
  readonly betas: readonly [number, number]
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon: number
  /** `adam`: an L2 penalty through the gradient, default 0. `adamW`: taken off the parameter itself, default 1e-2. */
  readonly weightDecay: number
  /** Divide by the largest second moment so far (Reddi et al. 2018). Default `false`. */
  readonly amsgrad: boolean
  /** Go up instead of down. Default `false`. */
  readonly maximize: boolean
}

const adamRule = (name: string, decoupled: boolean, weightDecay: number): UpdateRule<AdamOptions> => ({
  name,
  kernel: 'LevinAdamUpdate',
  defaults: { learningRate: 1e-3, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay, amsgrad: false, maximize: false },
  rules: {
    learningRate: nonNegative,
    betas: decayRates,
    epsilon: nonNegative,
    weightDecay: nonNegative,
    amsgrad: flag,
    maximize: flag,
  },
  slots: ({ amsgrad }) => ['firstMoment', 'secondMoment', ...(amsgrad ? ['maxSecondMoment'] : [])],
  update(entries, { options, ...context }) {
    const [beta1, beta2] = options.betas
    return adamUpdate(entries as unknown as readonly AdamEntry[], { ...options, beta1, beta2, decoupled, ...context })
  },
})

const ADAM = adamRule('adam', false, 0)
const ADAM_W = adamRule('adamW', true, 1e-2)

/**
 * Adam (Kingma & Ba 2014): the numbers of `torch.optim.Adam`. Keeps two tensors per parameter, `firstMoment` and
 * `secondMoment`, and `maxSecondMoment` with amsgrad.
 *
 * @param target `module.parameters()`, or groups `[{ parameters, learningRate, … }]`
 * @throws LEVIN_BAD_OPTION
 */
export function adam(target: OptimizerTarget<AdamOptions>, options: Partial<AdamOptions> = {}): Optimizer {
  return new RuleOptimizer(ADAM, target, options)
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2017): the numbers of `torch.optim.AdamW`. Decay applies to
 * every parameter of a group; `decayGroups` makes groups that spare biases and norms.
 *
 * @param target `module.parameters()`, or groups `[{ parameters, learningRate, … }]`
 * @throws LEVIN_BAD_OPTION
 */
export function adamW(target: OptimizerTarget<AdamOptions>, options: Partial<AdamOptions> = {}): Optimizer {
  return new RuleOptimizer(ADAM_W, target, options)
}
