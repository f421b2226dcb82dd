import { keep, mapTensors, type Parameter } from '@levin/core'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import type { Unit, Uses } from './unit.js'

/** What frames of a micro-batch in training have in common. */
export interface Differentiated {
  /**
   * The one source of the tape. Every whole that is lent hangs on it, so that it gets a gradient without being there when the
   * tape begins.
   */
  readonly token: Scalar
  /** The parameters that gradients are wanted for. */
  readonly wanted: ReadonlySet<Parameter>
  readonly uses: Uses
  /** Sends the gradients that a frame has of these units to the ranks that hold them. */
  collect(units: Iterable<Unit>, frame: Frame): void
}

/**
 * Parameters that are whole for a while: during a step, or the call of a unit. Within a unit's frame, what the step's has can be
 * seen too.
 */
export class Frame {
  readonly differentiated: Differentiated | undefined
  /** What was gathered for it, in this order. */
  readonly units = new Set<Unit>()
  /** Wholes of the frame around that were asked for here. */
  readonly borrowed = new Set<Tensor>()
  readonly #around: Frame | undefined
  readonly #lent = new Map<Parameter, Tensor>()
  readonly #gradients = new Map<Parameter, Tensor>()

  constructor(differentiated: Differentiated | undefined, around?: Frame) {
    this.differentiated = differentiated
    this.#around = around
  }

  /** The whole of a parameter, if it is here. */
  find(parameter: Parameter): Tensor | undefined {
    const own = this.#lent.get(parameter)
    if (own) return own
    const borrowed = this.#around?.find(parameter)
    if (borrowed) this.borrowed.add(borrowed)
    return borrowed
  }

  lend(parameter: Parameter, whole: Tensor): void {
    this.#lent.set(parameter, keep(whole))
  }

  /** A result that outlives the frame: a whole that is returned as it is gets a handle of its own. */
  detached<T>(result: T): T {
    const lent = new Set(this.#lent.values())
    return mapTensors(result, (tensor) => (lent.has(tensor) ? tensor.clone() : tensor))
  }

  /** Takes the gradient of a whole. The tensor stays the caller's. */
  take(parameter: Parameter, gradient: Tensor): void {
    this.#gradients.set(parameter, keep(gradient.clone()))
  }

  gradient(parameter: Parameter): Tensor | undefined {
    return this.#gradients.get(parameter)
  }

  freeGradients(parameters: Iterable<Parameter>): void {
    for (const parameter of parameters) {
      this.#gradients.get(parameter)?.dispose()
      this.#gradients.delete(parameter)
    }
  }

  /** Frees the wholes. What a tape has saved of them is the tape's. */
  release(): void {
    for (const whole of this.#lent.values()) whole.dispose()
    this.#lent.clear()
  }

  dispose(): void {
    this.release()
    this.freeGradients([...this.#gradients.keys()])
  }
}
