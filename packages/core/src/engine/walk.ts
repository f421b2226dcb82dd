import type { Tensor } from '@tensorflow/tfjs-core'
import { contribute, thunksOf } from './contributions.js'
import { type Connection, Frontier, type Seeds } from './frontier.js'
import { closeScopes, type Internals, type TapeNode, withoutTape } from './internals.js'
import { disposeSaved } from './recorder.js'
import type { OnGradient } from './tape.js'

/** One walk backwards over a recording (reverse-mode differentiation; Griewank & Walther 2008, ch. 3). */
export class Walk {
  private readonly frontier: Frontier
  private stopped = false

  constructor(
    private readonly engine: Internals,
    private readonly connection: Connection,
    private readonly sources: readonly Tensor[],
  ) {
    this.frontier = new Frontier(engine, connection, sources)
  }

  /** Makes a walk that goes on end after the callback it is in. */
  stop(): void {
    this.stopped = true
  }

  run(seeds: Seeds, onGradient: OnGradient): void {
    try {
      withoutTape(this.engine, () => {
        this.frontier.plant(seeds)
        this.walk(onGradient)
      })
    } finally {
      for (const node of this.connection.nodes) if (node.saved.length > 0) disposeSaved(node)
      this.frontier.free()
    }
  }

  private walk(onGradient: OnGradient): void {
    const { sources, frontier } = this
    const { nodes, lastUse } = this.connection
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as TapeNode
      const inputSlots = node.inputSlots as number[]
      differentiate(this.engine, frontier, node)
      for (const slot of inputSlots) {
        if (slot >= sources.length || lastUse[slot] !== i) continue
        frontier.deliver(slot, onGradient)
        if (this.stopped) return
      }
    }
  }
}

/** Adds a node's contributions to the slots of its inputs; frees the gradients of its outputs and what it had saved. */
export function differentiate(engine: Internals, frontier: Frontier, node: TapeNode): void {
  const outputSlots = node.outputSlots as number[]
  const outputGradients = frontier.at(outputSlots)
  if (outputGradients !== null) {
    const scopes = engine.state.scopeStack.length
    engine.startScope('gradient')
    const contributions: Tensor[] = []
    try {
      contribute(engine, node, thunksOf(node, outputGradients), node.inputNames as string[], contributions)
    } catch (error) {
      for (const contribution of contributions) contribution.dispose()
      throw error
    }
    frontier.add(node.inputSlots as number[], contributions)
    closeScopes(engine, scopes)
    for (const gradient of frontier.take(outputSlots)) gradient.dispose()
  }
  disposeSaved(node)
}
