import {
  clippingCoefficient,
  disposeAll,
  type Gradients,
  LevinError,
  type ManualOptimizer,
  type Parameter,
  type StepRunContext,
} from '@levin/core'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Run } from '../run/run.js'
import type { ManualServices } from './scopes.js'

/** What a module under manual optimization calls from its training step. */
export class ManualOptimization implements ManualServices {
  readonly #run: Run
  readonly #hookRun: StepRunContext
  #gradients: Tensor[] = []
  #stepped = false

  constructor(run: Run, hookRun: StepRunContext) {
    this.#run = run
    this.#hookRun = hookRun
  }

  backward(loss: () => Scalar, parameters: readonly Parameter[]): ReadonlyMap<Parameter, Tensor> {
    const { strategy, hooks } = this.#run
    if (!strategy.backward) {
      throw new LevinError('LEVIN_NOT_SUPPORTED', {
        message: `The strategy '${strategy.name}' does not support manual optimization.`,
      })
    }
    const first = this.#gradients.length === 0
    const watched = () => {
      const value = loss()
      if (first)
        for (const { optimizer } of this.#run.optimizers) hooks.call('onBeforeZeroGrad', optimizer, this.#hookRun)
      hooks.call('onBeforeBackward', value, this.#hookRun)
      return value
    }
    const result = strategy.backward(watched, parameters)
    result.loss.dispose()
    this.#gradients.push(...result.gradients.values())
    hooks.call('onAfterBackward', this.#hookRun)
    return result.gradients
  }

  optimizer(index: number): ManualOptimizer {
    const configured = this.#run.optimizers[index]
    if (!configured) {
      throw new LevinError('LEVIN_BAD_OPTION', {
        expected: `an optimizer index below ${this.#run.optimizers.length}`,
        found: String(index),
      })
    }
    const { optimizer } = configured
    return {
      step: (gradients, { clipNorm, clipValue } = {}) => {
        this.#run.hooks.call('onBeforeOptimizerStep', optimizer, gradients, this.#hookRun)
        const { norm, value } = this.#clipping(clipNorm, clipValue)
        const scale = norm === undefined ? undefined : this.#coefficient(gradients, optimizer, norm)
        optimizer.step(gradients, {
          ...(scale === undefined ? {} : { gradientScale: scale }),
          ...(value === undefined ? {} : { clipValue: value }),
        })
        if (scale !== undefined && typeof scale !== 'number') scale.dispose()
        this.#stepped = true
      },
    }
  }

  /** What the module asks for here; else what the Trainer was given. */
  #clipping(clipNorm: number | undefined, clipValue: number | undefined): { norm?: number; value?: number } {
    if (clipNorm !== undefined || clipValue !== undefined)
      return {
        ...(clipNorm === undefined ? {} : { norm: clipNorm }),
        ...(clipValue === undefined ? {} : { value: clipValue }),
      }
    const { clipping } = this.#run.options
    return clipping ? { [clipping.algorithm]: clipping.value } : {}
  }

  #coefficient(
    gradients: Gradients,
    optimizer: { squaredNorm(gradients: Gradients): Scalar },
    limit: number,
  ): number | Scalar {
    const squaredNorm = optimizer.squaredNorm(gradients)
    const coefficient = clippingCoefficient(squaredNorm, limit, this.#run.accelerator.capabilities.hostMemory)
    squaredNorm.dispose()
    return coefficient
  }

  /** Frees the gradients of the step. Returns whether any optimizer ran: together they count as one step. */
  finish(): boolean {
    const stepped = this.#stepped
    this.discard()
    return stepped
  }

  discard(): void {
    disposeAll(this.#gradients)
    this.#gradients = []
    this.#stepped = false
  }
}
