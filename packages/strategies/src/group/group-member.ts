import {
  type DataShard,
  type Decision,
  LevinError,
  type ProcessGroup,
  type RankDescription,
  SoloGroup,
  soloRank,
  type World,
} from '@levin/core'
import { all, broadcastData, gatherData } from './plain-data.js'

/**
 * One worker of a data-parallel strategy: where it stands, and everything that such workers agree on. Strategies extend it with
 * what they do in a step.
 */
export abstract class GroupMember {
  #world: World = { rank: soloRank, group: new SoloGroup() }

  join(world: World): void {
    this.#world = world
  }

  get group(): ProcessGroup {
    return this.#world.group
  }

  get rank(): RankDescription {
    return this.#world.rank
  }

  /** Every worker reads a part of the data of its own. */
  get dataShard(): DataShard {
    return { rank: this.rank.globalRank, count: this.rank.worldSize }
  }

  /** Tells the others what happened here, so that they do not wait for this rank. */
  fail(error: unknown): void {
    // Who was told by another rank that the world has ended has nothing to add.
    if (LevinError.isInstance(error) && ENDED.includes(error.code)) return
    const message = error instanceof Error ? error.message : String(error)
    this.group.abort?.(`rank ${this.rank.globalRank} failed: ${message}`)
  }

  /** A step costs one small collective for it; what was decided travels only where somebody decided something. */
  agree(decision: Decision): Decision | Promise<Decision> {
    if (this.group.size === 1) return decision
    const stops = Int32Array.of(decision.stop === undefined ? 0 : 1)
    const asked = all(this.group, (collectives) => collectives.allReduce(stops, 'max'))
    const answer = () => (stops[0] === 0 ? NOTHING : this.#decide(decision))
    return asked ? asked.then(answer) : answer()
  }

  async #decide(decision: Decision): Promise<Decision> {
    const decisions = await gatherData(this.group, decision)
    const stop = decisions.find(({ stop }) => stop !== undefined)
    return { ...decisions[0], ...stop }
  }

  async reduce(values: Float64Array, operation: 'sum' | 'min' | 'max'): Promise<Float64Array> {
    // Collectives know no float64: every rank gets all values and reduces them in the order of the ranks.
    const bytes = new Uint8Array(values.byteLength * this.group.size)
    const own = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    await all(this.group, (collectives) => collectives.allGather(own, bytes))
    const every = new Float64Array(bytes.buffer)
    const [first = 0, ...others] = this.#speakers
    return values.map((_, index) => {
      let result = every[first * values.length + index] as number
      for (const rank of others) result = OPERATIONS[operation](result, every[rank * values.length + index] as number)
      return result
    })
  }

  /** The ranks whose values count, in their order. */
  get #speakers(): number[] {
    return Array.from({ length: this.group.size }, (_, rank) => rank).filter((rank) => this.speaksFor(rank))
  }

  /** Whether a rank speaks for its part of the data. Where several work on one part, one does. */
  protected speaksFor(_rank: number): boolean {
    return true
  }

  async gather<T>(value: T): Promise<readonly T[]> {
    const all = await gatherData(this.group, value)
    return all.filter((_, rank) => this.speaksFor(rank))
  }

  broadcast<T>(value: T, source = 0): Promise<T> {
    return broadcastData(this.group, value, source)
  }

  async barrier(_name: string): Promise<void> {
    await all(this.group, (collectives) => collectives.barrier())
  }
}

const ENDED: readonly string[] = ['LEVIN_WORKER_LOST', 'LEVIN_TIMEOUT', 'LEVIN_COLLECTIVE']

const NOTHING: Decision = {}

const OPERATIONS: Readonly<Record<'sum' | 'min' | 'max', (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  min: Math.min,
  max: Math.max,
}
