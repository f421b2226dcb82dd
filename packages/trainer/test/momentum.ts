import type { Optimizer, Parameter } from '@levin/core'
import { PlainSgd } from '@levin/testing'
import { add, mul, type Tensor, zerosLike } from '@tensorflow/tfjs-core'

/** Gradient descent with momentum: an optimizer with state on the device. */
export class Momentum extends PlainSgd {
  readonly #velocity = new Map<Parameter, Tensor>()

  override step(...[gradients, options]: Parameters<Optimizer['step']>): void {
    for (const [parameter, gradient] of gradients) {
      const before = this.#velocity.get(parameter) ?? zerosLike(gradient)
      const scaled = mul(before, 0.9)
      this.#velocity.set(parameter, add(scaled, gradient))
      scaled.dispose()
      before.dispose()
    }
    super.step(this.#velocity, options)
  }

  override *slots() {
    for (const [parameter, value] of this.#velocity) yield { parameter, slot: 'velocity', value }
  }

  override load(...[state, slots]: Parameters<Optimizer['load']>): void {
    for (const { parameter, value } of slots) this.#velocity.set(parameter, value)
    super.load(state, [])
  }

  override dispose(): void {
    for (const value of this.#velocity.values()) value.dispose()
    this.#velocity.clear()
  }
}
