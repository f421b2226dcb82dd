import {
  Buffer,
  constant,
  type Initializer,
  ones,
  Parameter,
  type Replicas,
  type StepContext,
  untaped,
  zeros,
} from '@levin/core'
import { type BatchStatistics, batchNormInference, batchNorm as batchNormOp, batchNormWithStatistics } from '@levin/ops'
import { add, mul, type Rank, type Tensor } from '@tensorflow/tfjs-core'
import { checkInput, type InputPattern, refuseInput } from '../check-input.js'
import { numberWithin, wholeNumber } from '../options.js'
import { requireWholeSequence } from '../parallel/refusals.js'
import { RankPreservingLayer } from '../rank-preserving-layer.js'
import { gradientSumsOver, wholeBatchStatistics } from './whole-batch-statistics.js'

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number
  /** How far the running statistics move to those of a batch, 0 to 1. Default 0.1. */
  readonly momentum?: number
  /** Whether to scale and shift by learnt numbers. Default `true`. */
  readonly affine?: boolean
  /** Default: 1. */
  readonly weightInitializer?: Initializer
  /** Default: 0. */
  readonly biasInitializer?: Initializer
}

/**
 * Batch normalisation over all axes but the last. Ioffe & Szegedy 2015. In training by the statistics of the batch,
 * which also move the running ones; otherwise by the running ones. The batch is all of it where workers share it
 * (`step.replicas`): each step then costs the layer two small collectives.
 */
export class BatchNorm extends RankPreservingLayer {
  readonly features: number
  readonly epsilon: number
  readonly momentum: number
  /** `[features]` */
  readonly weight: Parameter<Rank.R1> | undefined
  /** `[features]` */
  readonly bias: Parameter<Rank.R1> | undefined
  /** `[features]` */
  readonly runningMean: Buffer<Rank.R1>
  /** `[features]`: the unbiased variance, as in PyTorch. */
  readonly runningVariance: Buffer<Rank.R1>
  readonly #vectors: InputPattern
  readonly #images: InputPattern

  constructor(features: number, options: BatchNormOptions = {}) {
    super()
    const { epsilon = 1e-5, momentum = 0.1, affine = true, weightInitializer, biasInitializer } = options
    this.features = wholeNumber('batchNorm', 'features', features)
    this.epsilon = numberWithin('batchNorm', 'epsilon', epsilon, { from: 0 })
    this.momentum = numberWithin('batchNorm', 'momentum', momentum, { from: 0, to: 1 })
    this.weight = affine ? new Parameter([features], weightInitializer ?? ones()) : undefined
    this.bias = affine ? new Parameter([features], biasInitializer ?? zeros()) : undefined
    this.runningMean = new Buffer([features], constant(0))
    this.runningVariance = new Buffer([features], constant(1))
    this.#vectors = { axes: ['batch', features] }
    this.#images = { axes: [features], leading: true }
  }

  override get spansBatch(): 'replicas' {
    return 'replicas'
  }

  compute(x: Tensor, step: StepContext): Tensor {
    // Without a batch axis it is a vector of the wrong rank.
    checkInput(this, x, x?.rank > 2 ? this.#images : this.#vectors)
    const { epsilon } = this
    if (!step.training) {
      const running = {
        mean: step.read(this.runningMean),
        variance: step.read(this.runningVariance),
      } as BatchStatistics
      return batchNormInference(x, running, this.weight?.value, this.bias?.value, { epsilon })
    }
    requireWholeSequence(this, x, step)
    if (step.replicas) return this.#overAllParts(x, step.replicas, step)
    const count = x.size / this.features
    this.#requireCount(count, x)
    const { y, mean, variance } = batchNormOp(x, this.weight?.value, this.bias?.value, { epsilon })
    this.track({ mean, variance }, count, step)
    return y
  }

  #overAllParts(x: Tensor, replicas: Replicas, step: StepContext): Tensor {
    const statistics = untaped(() => wholeBatchStatistics(x, this.features, replicas))
    this.#requireCount(statistics.count, x)
    this.track(statistics, statistics.count, step)
    return batchNormWithStatistics(x, statistics, this.weight?.value, this.bias?.value, {
      epsilon: this.epsilon,
      reduceGradientSums: gradientSumsOver(replicas),
    })
  }

  #requireCount(count: number, x: Tensor): void {
    if (count >= 2) return
    throw refuseInput(
      this,
      x,
      'more than one value per feature in training, since one has no variance',
      'Use a larger batch, or dropLast where the last batch may hold a single sample.',
    )
  }

  /**
   * Moves the running statistics towards those of a batch, when the window ends.
   *
   * @param statistics mean and biased variance of the batch
   * @param count values per feature that they were computed from
   */
  track({ mean, variance }: BatchStatistics, count: number, step: StepContext): void {
    const unbiased = count / (count - 1)
    untaped(() => {
      step.update(this.runningMean, this.#moved(step.read(this.runningMean), mean, 1))
      step.update(this.runningVariance, this.#moved(step.read(this.runningVariance), variance, unbiased))
    })
  }

  override describe(): string {
    return `BatchNorm(${this.features})`
  }

  #moved(running: Tensor, value: Tensor, factor: number): Tensor {
    return add(mul(running, 1 - this.momentum), mul(value, this.momentum * factor))
  }
}

/**
 * Batch normalisation over all axes but the last: `[batch, features]`, `[batch, height, width, channels]` …
 *
 * @param features size of the last axis
 * @throws LEVIN_BAD_OPTION for options outside their range
 */
export const batchNorm = (features: number, options?: BatchNormOptions): BatchNorm => new BatchNorm(features, options)
