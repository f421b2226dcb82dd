import type { Tensor } from '@tensorflow/tfjs-core'
import { closeScopes, type Internals, type TapeNode } from './internals.js'
import type { OnGradient } from './tape.js'

/** The part of a recording that connects sources to outputs. */
export interface Connection {
  /** In the order of the walk: the operation that ran last comes first. */
  readonly nodes: TapeNode[]
  readonly slotCount: number
  /** By source slot: the place in `nodes` of its last contribution, −1 if no output depends on it. */
  readonly lastUse: Int32Array
  /** By source: its slot. */
  readonly slotOf: readonly number[]
}

/** What a walk starts from. */
export interface Seeds {
  /** The outputs of the recording, and the slot of each: −1 for one that no source reaches. */
  readonly outputs: readonly Tensor[]
  readonly slots: readonly number[]
  /** By output: its gradient. A number is that of a scalar. */
  readonly gradients: readonly (Tensor | number | null | undefined)[]
}

/**
 * The gradients that a walk has computed and not used up yet, by slot.
 *
 * A gradient belongs to its slot, as a kept tensor of its own, until the operation that made the slot has been walked;
 * then it is freed. So at any time only the gradients on the frontier of the walk are alive.
 */
export class Frontier {
  private readonly gradients: (Tensor | null)[]
  private readonly hasTwins: boolean

  constructor(
    private readonly engine: Internals,
    private readonly connection: Connection,
    private readonly sources: readonly Tensor[],
  ) {
    this.gradients = new Array<Tensor | null>(connection.slotCount).fill(null)
    this.hasTwins = connection.slotOf.some((slot, i) => slot !== i)
  }

  /** Puts the gradients of the outputs into their slots. */
  plant({ outputs, slots, gradients: seeds }: Seeds): void {
    const { engine, gradients } = this
    const scopes = engine.state.scopeStack.length
    engine.startScope('seeds')
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number
      const seed = seeds[i]
      if (slot < 0 || seed == null) continue
      const { shape, dtype } = outputs[i] as Tensor
      const gradient = typeof seed === 'number' ? engine.makeTensor(Float32Array.of(seed), shape, dtype) : seed.clone()
      const before = gradients[slot]
      gradients[slot] = engine.keep(before == null ? gradient : this.sum(before, gradient))
      before?.dispose()
    }
    closeScopes(engine, scopes)
  }

  /** The gradients of a node's outputs, `null` for those that none has reached; `null` if that is all of them. */
  at(outputSlots: readonly number[]): (Tensor | null)[] | null {
    const found: (Tensor | null)[] = []
    let reached = false
    for (const slot of outputSlots) {
      const gradient = slot < 0 ? null : (this.gradients[slot] ?? null)
      if (gradient !== null) reached = true
      found.push(gradient)
    }
    return reached ? found : null
  }

  /** Takes the gradients of a node's outputs out of their slots. They are the caller's to dispose of. */
  take(outputSlots: readonly number[]): Tensor[] {
    const taken: Tensor[] = []
    for (const slot of outputSlots) {
      const gradient = slot < 0 ? null : this.gradients[slot]
      if (gradient == null) continue
      this.gradients[slot] = null
      taken.push(gradient)
    }
    return taken
  }

  /** Adds contributions, kept tensors that nobody else holds, to slots. */
  add(slots: readonly number[], contributions: readonly Tensor[]): void {
    const { engine, gradients } = this
    try {
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i] as number
        const contribution = contributions[i] as Tensor
        const before = gradients[slot]
        if (before == null) gradients[slot] = contribution
        else {
          gradients[slot] = engine.keep(this.sum(before, contribution))
          before.dispose()
          contribution.dispose()
        }
      }
    } catch (error) {
      for (const contribution of contributions) contribution.dispose()
      throw error
    }
  }

  /** Hands the gradient of a source, if there is one, to the receiver. */
  deliver(slot: number, onGradient: OnGradient): void {
    const { sources } = this
    const { slotOf } = this.connection
    const gradient = this.gradients[slot]
    if (gradient == null) return
    this.gradients[slot] = null
    const parts: [index: number, gradient: Tensor][] = [[slot, gradient]]
    if (this.hasTwins) {
      for (let i = slot + 1; i < slotOf.length; i++) {
        if (slotOf[i] === slot) parts.push([i, this.engine.keep(gradient.clone())])
      }
    }
    try {
      for (const [index, part] of parts) onGradient(sources[index] as Tensor, part, index)
    } catch (error) {
      // The receiver may have stored it: disposing twice does no harm, leaking does.
      for (const [, part] of parts) part.dispose()
      throw error
    }
  }

  free(): void {
    for (const gradient of this.gradients) gradient?.dispose()
    this.gradients.fill(null)
  }

  private sum(a: Tensor, b: Tensor): Tensor {
    return this.engine.runKernel('Add', { a, b }) as Tensor
  }
}
