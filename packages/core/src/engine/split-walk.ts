import type { Tensor } from '@tensorflow/tfjs-core'
import { contribute, type Thunks, thunksOf } from './contributions.js'
import { type Connection, Frontier, type Seeds } from './frontier.js'
import { closeScopes, type Internals, type TapeNode, withoutTape } from './internals.js'
import { disposeSaved } from './recorder.js'
import type { OnGradient } from './tape.js'
import { differentiate } from './walk.js'

/**
 * A walk backwards in two halves: first along the paths that lead to some of the sources, later everywhere else.
 *
 * Zero-bubble pipelines (Qi et al. 2023) send the gradient of what a stage received as soon as they can, and compute the
 * gradients of its weights when there is nothing better to do.
 *
 * A node on a path has contributions to make in both halves. Its gradient function runs once, in the first: it may do
 * what must not be done twice, a collective say, and what it computes before it is asked for an input may be most of
 * its work (a softmax's probabilities, the dz of a fused activation). So that the second half can ask the thunks that
 * are left, what they may have closed over lives on: the gradients of the node's outputs, what the node saved, and
 * whatever the gradient function left in its scope. A gradient function that had the first half's answers ready has the
 * others ready too, as those of `tf.customGrad` and of kernels that compute all gradients together do; they are taken at
 * once, since they are smaller than what they were computed from. Thunks that hand on what another thunk has made must be
 * asked in the same half: what a thunk returns is gone when the half is over.
 *
 * Contributions reach each slot in the order of the whole walk, so that sums of floats are the same to the last bit: a
 * slot on a path gets all of its contributions from nodes on paths, the others get theirs in the second half alone.
 */
export class SplitWalk {
  private readonly frontier: Frontier
  /** By slot: whether it lies on a path from the inputs. */
  private readonly onPath: Uint8Array
  private readonly postponed = new Map<TapeNode, Postponed>()
  private running = false
  private stopped = false

  /** @param inputSlots of the sources whose gradients the first half delivers */
  constructor(
    private readonly engine: Internals,
    private readonly connection: Connection,
    private readonly sources: readonly Tensor[],
    inputSlots: readonly number[],
  ) {
    this.frontier = new Frontier(engine, connection, sources)
    this.onPath = paths(connection, inputSlots)
  }

  /** The first half. */
  inputs(seeds: Seeds, onGradient: OnGradient): void {
    this.half(() => {
      this.frontier.plant(seeds)
      this.walk(true, (node) => this.towardsInputs(node), onGradient)
    })
  }

  /** The second. Whatever comes of it, nothing is held any more when it is over. */
  rest(onGradient: OnGradient): void {
    try {
      this.half(() => this.walk(false, (node) => this.elsewhere(node), onGradient))
    } finally {
      this.free()
    }
  }

  /** Frees all that is held; a half that is going on ends after the callback it is in. */
  stop(): void {
    this.stopped = true
    if (!this.running) this.free()
  }

  private half(body: () => void): void {
    let done = false
    this.running = true
    try {
      withoutTape(this.engine, body)
      done = true
    } finally {
      this.running = false
      if (!done || this.stopped) this.free()
    }
  }

  private walk(onPath: boolean, visit: (node: TapeNode) => void, onGradient: OnGradient): void {
    const { nodes, lastUse } = this.connection
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i] as TapeNode
      visit(node)
      for (const slot of node.inputSlots as number[]) {
        if (slot >= this.sources.length || lastUse[slot] !== i || (this.onPath[slot] === 1) !== onPath) continue
        this.frontier.deliver(slot, onGradient)
        if (this.stopped) return
      }
    }
  }

  private towardsInputs(node: TapeNode): void {
    const inputSlots = node.inputSlots as number[]
    const leading = inputSlots.filter((slot) => this.onPath[slot] === 1).length
    if (leading === inputSlots.length) differentiate(this.engine, this.frontier, node)
    else if (leading > 0) this.divide(node)
  }

  /** Computes what leads to the inputs, and postpones the rest. */
  private divide(node: TapeNode): void {
    const { engine, frontier } = this
    const outputSlots = node.outputSlots as number[]
    const outputGradients = frontier.at(outputSlots)
    if (outputGradients === null) {
      disposeSaved(node)
      return
    }
    const [near, far] = [this.side(node, 1), this.side(node, 0)]
    const scopes = engine.state.scopeStack.length
    engine.startScope('gradient')
    const thunks = thunksOf(node, outputGradients)
    // Before a thunk runs: what those leave in scopes of their own is theirs alone.
    const left = engine.state.activeScope?.track.filter(({ kept, isDisposed }) => !kept && !isDisposed) ?? []
    const contributions: Tensor[] = []
    const ready: Tensor[] = []
    let isReady: boolean
    try {
      isReady = contribute(engine, node, thunks, near.names, contributions)
      if (isReady) contribute(engine, node, thunks, far.names, ready)
    } catch (error) {
      for (const contribution of [...contributions, ...ready]) contribution.dispose()
      throw error
    }
    // Before anything else can throw: what is on the list is freed with the walk.
    const held = isReady ? ready : left.map((tensor) => engine.keep(tensor))
    const later: Postponed = { ...far, thunks: isReady ? null : thunks, held }
    this.postponed.set(node, later)
    frontier.add(near.slots, contributions)
    closeScopes(engine, scopes)
    const gradients = frontier.take(outputSlots)
    if (isReady) {
      for (const gradient of gradients) gradient.dispose()
      disposeSaved(node)
    } else held.push(...gradients)
  }

  private elsewhere(node: TapeNode): void {
    const later = this.postponed.get(node)
    if (later !== undefined) this.finish(node, later)
    else if ((node.inputSlots as number[]).every((slot) => this.onPath[slot] === 0)) {
      differentiate(this.engine, this.frontier, node)
    }
  }

  /** Computes what {@link divide} has postponed. */
  private finish(node: TapeNode, { names, slots, thunks, held }: Postponed): void {
    const { engine, frontier } = this
    this.postponed.delete(node)
    if (thunks === null) {
      frontier.add(slots, held)
      return
    }
    const scopes = engine.state.scopeStack.length
    engine.startScope('gradient')
    const contributions: Tensor[] = []
    try {
      contribute(engine, node, thunks, names, contributions)
    } catch (error) {
      for (const contribution of contributions) contribution.dispose()
      throw error
    } finally {
      for (const tensor of held) tensor.dispose()
    }
    frontier.add(slots, contributions)
    closeScopes(engine, scopes)
    disposeSaved(node)
  }

  /** The inputs of a node that lie on a path, or those that do not. */
  private side({ inputNames, inputSlots }: TapeNode, onPath: 0 | 1): { names: string[]; slots: number[] } {
    const isOnSide = (i: number): boolean => this.onPath[(inputSlots as number[])[i] as number] === onPath
    return {
      names: (inputNames as string[]).filter((_, i) => isOnSide(i)),
      slots: (inputSlots as number[]).filter((_, i) => isOnSide(i)),
    }
  }

  private free(): void {
    for (const { held } of this.postponed.values()) for (const tensor of held) tensor.dispose()
    this.postponed.clear()
    for (const node of this.connection.nodes) disposeSaved(node)
    this.frontier.free()
  }
}

/** What the first half has left of a node on a path. */
interface Postponed {
  /** The inputs whose gradients the second half wants, and their slots. */
  readonly names: readonly string[]
  readonly slots: readonly number[]
  /** `null` if the contributions are computed: they are what is held then. */
  readonly thunks: Thunks | null
  readonly held: Tensor[]
}

/** By slot: whether the value in it depends on one of the inputs. */
function paths({ nodes, slotCount }: Connection, inputSlots: readonly number[]): Uint8Array {
  const onPath = new Uint8Array(slotCount)
  for (const slot of inputSlots) onPath[slot] = 1
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { inputSlots: from, outputSlots: to } = nodes[i] as TapeNode
    if (!from?.some((slot) => onPath[slot] === 1)) continue
    for (const slot of to as number[]) if (slot >= 0) onPath[slot] = 1
  }
  return onPath
}
