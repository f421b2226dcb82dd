import {
  type Gradients,
  keep,
  type Optimizer,
  type OptimizerSlot,
  type OptimizerState,
  type Parameter,
  type ParameterGroup,
  type UpdateOptions,
} from '@levin/core'
import {
  add,
  addN,
  clipByValue,
  div,
  mul,
  norm,
  type Scalar,
  scalar,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core'

/** Momentum at a rate for each tensor, by the ratio of two norms (LARS; You et al. 2017): it has to see tensors whole. */
export class PlainLars implements Optimizer {
  readonly name = 'plainLars'
  readonly sharding = 'tensor'
  readonly groups: readonly ParameterGroup[]
  readonly #momenta = new Map<Parameter, Tensor>()
  #updates = 0

  constructor(parameters: readonly Parameter[], learningRate: number) {
    this.groups = [{ parameters, baseLearningRate: learningRate, learningRate }]
  }

  step(gradients: Gradients, { gradientScale = 1, clipValue }: UpdateOptions = {}): void {
    for (const { parameters, learningRate } of this.groups) {
      for (const parameter of parameters) {
        const gradient = gradients.get(parameter)
        if (!gradient) continue
        const momentum = this.#momenta.get(parameter) ?? keep(zeros([...parameter.value.shape]))
        const [next, direction] = tidy(() => {
          const scaled = mul(gradient, gradientScale)
          const clipped = clipValue === undefined ? scaled : clipByValue(scaled, -clipValue, clipValue)
          const ratio = div(add(norm(parameter.value), 1e-3), add(norm(clipped), 1e-3))
          const direction = add(mul(momentum, 0.9), mul(clipped, ratio))
          return [sub(parameter.value, mul(direction, learningRate * 0.1)), direction] as const
        })
        momentum.dispose()
        this.#momenta.set(parameter, keep(direction))
        parameter.assign(next)
      }
    }
    this.#updates++
  }

  squaredNorm(gradients: Gradients): Scalar {
    if (gradients.size === 0) return scalar(0)
    return keep(tidy(() => addN([...gradients.values()].map((gradient) => sum(square(gradient)))) as Scalar))
  }

  state(): OptimizerState {
    return { name: this.name, updates: this.#updates }
  }

  *slots(): Iterable<OptimizerSlot> {
    for (const [parameter, value] of this.#momenta) yield { parameter, slot: 'momentum', value }
  }

  load(state: OptimizerState, slots: Iterable<OptimizerSlot>): void {
    for (const { parameter, value } of slots) {
      parameter.requireShape(value.shape)
      this.#momenta.get(parameter)?.dispose()
      this.#momenta.set(parameter, keep(value))
    }
    this.#updates = Number(state['updates'])
  }

  dispose(): void {
    for (const momentum of this.#momenta.values()) momentum.dispose()
    this.#momenta.clear()
  }
}
