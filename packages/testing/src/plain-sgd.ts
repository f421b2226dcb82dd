import {
  type Gradients,
  LevinError,
  type Optimizer,
  type OptimizerSlot,
  type OptimizerState,
  type Parameter,
  type ParameterGroup,
  type UpdateOptions,
} from '@levin/core'
import { addN, clipByValue, mul, type Scalar, scalar, sub, sum, tidy } from '@tensorflow/tfjs-core'

/** Gradient descent without momentum in a few lines: an optimizer for tests that must not depend on another package. */
export class PlainSgd implements Optimizer {
  readonly name = 'plainSgd'
  readonly sharding = 'element'
  readonly groups: readonly ParameterGroup[]
  #updates = 0

  /** @param learningRate Default 0.1. */
  constructor(parameters: readonly Parameter[], learningRate = 0.1) {
    this.groups = [{ parameters, baseLearningRate: learningRate, learningRate }]
  }

  step(gradients: Gradients, { gradientScale = 1, clipValue }: UpdateOptions = {}): void {
    for (const { parameters, learningRate } of this.groups) {
      for (const parameter of parameters) {
        const gradient = gradients.get(parameter)
        if (!gradient) continue
        const next = tidy(() => {
          const scaled = mul(gradient, gradientScale)
          const clipped = clipValue === undefined ? scaled : clipByValue(scaled, -clipValue, clipValue)
          return sub(parameter.value, mul(clipped, learningRate))
        })
        parameter.assign(next)
      }
    }
    this.#updates++
  }

  squaredNorm(gradients: Gradients): Scalar {
    if (gradients.size === 0) return scalar(0)
    return tidy(() => addN([...gradients.values()].map((gradient) => sum(mul(gradient, gradient)))) as Scalar)
  }

  state(): OptimizerState {
    return { name: this.name, updates: this.#updates }
  }

  slots(): Iterable<OptimizerSlot> {
    return []
  }

  load(state: OptimizerState, slots: Iterable<OptimizerSlot>): void {
    const [unexpected] = slots
    if (state.name !== this.name || unexpected) {
      throw new LevinError('LEVIN_CHECKPOINT_MISMATCH', { expected: `the state of ${this.name}`, found: state.name })
    }
    this.#updates = Number(state['updates'])
  }

  dispose(): void {}
}
