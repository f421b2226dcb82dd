import type { Tensor } from '@tensorflow/tfjs-core'
import { describe, LevinError } from '../errors.js'
import { closeScopes, type Internals, type TapeNode, withoutTape } from './internals.js'
import { disposeSaved } from './recorder.js'
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

/**
 * One walk backwards over a recording (reverse-mode differentiation; Griewank & Walther 2008, ch. 3).
 *
 * A gradient belongs to its slot, as a kept tensor of its own, until the operation that made the slot has been walked;
 * then it is freed. So at any time only the gradients on the frontier of the walk are alive.
 */
export class Walk {
  private readonly gradients: (Tensor | null)[]
  private readonly hasTwins: boolean
  private stopped = false

  constructor(
    private readonly engine: Internals,
    private readonly connection: Connection,
    private readonly sources: readonly Tensor[],
  ) {
    this.gradients = new Array<Tensor | null>(connection.slotCount).fill(null)
    this.hasTwins = connection.slotOf.some((slot, i) => slot !== i)
  }

  /** Makes a walk that goes on end after the callback it is in. */
  stop(): void {
    this.stopped = true
  }

  run(
    outputSlots: readonly number[],
    outputs: readonly Tensor[],
    seeds: readonly (Tensor | number | null | undefined)[],
    onGradient: OnGradient,
  ): void {
    const { engine } = this
    try {
      withoutTape(engine, () => {
        this.plant(outputSlots, outputs, seeds)
        this.walk(onGradient)
      })
    } finally {
      for (const node of this.connection.nodes) if (node.saved.length > 0) disposeSaved(node)
      for (const gradient of this.gradients) gradient?.dispose()
    }
  }

  /** Puts the gradients of the outputs into their slots. */
  private plant(
    slots: readonly number[],
    outputs: readonly Tensor[],
    seeds: readonly (Tensor | number | null | undefined)[],
  ): void {
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

  private walk(onGradient: OnGradient): void {
    const { gradients, sources } = this
    const { nodes, lastUse } = this.connection
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as TapeNode
      const inputSlots = node.inputSlots as number[]
      this.differentiate(node, inputSlots, node.outputSlots as number[])
      disposeSaved(node)
      for (const slot of inputSlots) {
        if (slot >= sources.length || lastUse[slot] !== i) continue
        const gradient = gradients[slot]
        if (gradient == null) continue
        gradients[slot] = null
        this.deliver(slot, gradient, onGradient)
        if (this.stopped) return
      }
    }
  }

  private deliver(slot: number, gradient: Tensor, onGradient: OnGradient): void {
    const { sources } = this
    const { slotOf } = this.connection
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

  /** Adds a node's contributions to the slots of its inputs, and frees the gradients of its outputs. */
  private differentiate(node: TapeNode, inputSlots: readonly number[], outputSlots: readonly number[]): void {
    const { engine, gradients } = this
    const outputGradients: (Tensor | null)[] = []
    let reached = false
    for (const slot of outputSlots) {
      const gradient = slot < 0 ? null : (gradients[slot] ?? null)
      if (gradient !== null) reached = true
      outputGradients.push(gradient)
    }
    if (!reached) return
    const scopes = engine.state.scopeStack.length
    const owned = outputGradients.slice()
    engine.startScope('gradient')
    this.accumulate(inputSlots, this.contributions(node, outputGradients))
    closeScopes(engine, scopes)
    for (let j = 0; j < owned.length; j++) {
      owned[j]?.dispose()
      const slot = outputSlots[j] as number
      if (slot >= 0) gradients[slot] = null
    }
  }

  private accumulate(slots: readonly number[], contributions: readonly Tensor[]): void {
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

  /**
   * The gradients of a node's inputs, each a kept tensor that nobody else holds.
   *
   * A gradient function may return the output's gradient itself, a saved tensor, or one tensor for two inputs; those
   * are handed on as aliases.
   */
  private contributions(node: TapeNode, outputGradients: (Tensor | null)[]): Tensor[] {
    const { engine } = this
    const { inputs, kernelName } = node
    if (node.gradient === undefined) throw noGradient(kernelName)
    const scopes = engine.state.scopeStack.length
    const outer = engine.state.activeScope?.id
    const inputGradients = node.gradient(outputGradients)
    const names = node.inputNames as string[]
    const contributions: Tensor[] = []
    try {
      for (const name of names) {
        const thunk = inputGradients[name]
        if (thunk === undefined) throw noGradient(kernelName, name)
        // A scope for each input: the intermediates of one are gone before the next is computed.
        if (names.length > 1) engine.startScope('input gradient')
        const gradient = thunk()
        const own = !gradient.kept && (gradient.scopeId === outer || gradient.scopeId === engine.state.activeScope?.id)
        const contribution = engine.keep(own ? gradient : gradient.clone())
        contributions.push(contribution)
        closeScopes(engine, scopes)
        checkContribution(kernelName, name, contribution, inputs[name] as Tensor)
      }
    } catch (error) {
      for (const contribution of contributions) contribution.dispose()
      throw error
    }
    return contributions
  }

  private sum(a: Tensor, b: Tensor): Tensor {
    return this.engine.runKernel('Add', { a, b }) as Tensor
  }
}

function checkContribution(kernelName: string, name: string, gradient: Tensor, input: Tensor): void {
  const { shape } = input
  let same = gradient.dtype === input.dtype && gradient.shape.length === shape.length
  for (let i = 0; same && i < shape.length; i++) same = gradient.shape[i] === shape[i]
  if (same) return
  throw new LevinError('LEVIN_SHAPE', {
    expected: `the gradient of ${kernelName} for its input '${name}' to be ${describe(input)}`,
    found: describe(gradient),
    remedy: 'Correct the gradient function: a gradient has the shape and dtype of what it is the gradient of.',
  })
}

function noGradient(kernelName: string, input?: string): LevinError {
  const what = input === undefined ? `The operation ${kernelName}` : `Input '${input}' of the operation ${kernelName}`
  return new LevinError('LEVIN_NOT_SUPPORTED', {
    message: `${what} has no gradient, and the loss depends on a parameter through it.`,
    remedy:
      'Use another operation, cut the dependence with untaped(), or give it a gradient with tf.registerGradient or tf.customGrad.',
  })
}
