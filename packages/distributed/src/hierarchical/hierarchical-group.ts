import {
  type AsynchronousCollectives,
  type CollectiveOptions,
  type Collectives,
  type EndOfWorld,
  LevinError,
  type ProcessGroup,
  type TrafficCounters,
} from '@levin/core'
import { requirePeer } from '../elements.js'
import { inWorld, isEnd, noWay } from './errors.js'
import { Levels } from './levels.js'
import { findPlace, locate, type Place } from './place.js'
import { Sequence } from './sequence.js'
import type { AnyForm, Steps } from './steps.js'

/** Ten minutes: longer than any step, shorter than a night. */
const DEADLINE = 600_000

export interface HierarchicalGroupOptions {
  /** Milliseconds that an operation may take, unless it says otherwise. Default 600,000. */
  readonly deadline?: number | undefined
}

/** Collectives that consist of steps; messages go through one level. */
type StepsOf = { [K in Exclude<keyof Collectives, 'send' | 'receive'>]: (...args: Parameters<Collectives[K]>) => Steps }

/** Where the options of a collective stand among its arguments. */
const OPTIONS_AT: Readonly<Record<keyof StepsOf, number>> = {
  allReduce: 2,
  reduceScatter: 3,
  allGather: 3,
  broadcast: 2,
  gather: 3,
  scatter: 3,
  allToAll: 2,
  barrier: 0,
}

/**
 * The ranks of several processes as one group: those of a process are threads that share memory, and the first of each talks to
 * the other processes. Ranks count through process by process. Both groups belong to it from then on. Collective; where a level
 * has one member the other one is the group.
 *
 * @param inner the ranks of this process
 * @param outer the processes, with the first rank of each; the others have none
 */
export async function hierarchicalGroup(
  inner: ProcessGroup,
  outer: ProcessGroup | undefined,
  { deadline = DEADLINE }: HierarchicalGroupOptions = {},
): Promise<ProcessGroup> {
  const place = await findPlace(inner, outer)
  if (place.sizes.length === 1) return inner
  if (outer && place.size === place.sizes.length) return outer
  return new HierarchicalGroup(place, deadline)
}

class HierarchicalGroup implements ProcessGroup {
  readonly rank: number
  readonly size: number
  readonly blocking?: Collectives
  readonly asynchronous: AsynchronousCollectives
  readonly #place: Place
  readonly #deadline: number
  readonly #sequence = new Sequence()
  readonly #levels: Levels
  #isDestroyed = false

  constructor(place: Place, deadline: number) {
    this.rank = place.rank
    this.size = place.size
    this.#place = place
    this.#deadline = deadline
    this.#levels = new Levels(place)
    const asynchronous = this.#form(
      (...operation) => this.#sequence.add(this.#operation(...operation)),
      ({ asynchronous }) => asynchronous,
    )
    this.asynchronous = rejecting(asynchronous)
    if (!place.blocks) return
    this.blocking = this.#form(
      (...operation) => this.#sequence.run(this.#operation(...operation)),
      ({ blocking, asynchronous }) => blocking ?? asynchronous,
    ) as Collectives
  }

  get traffic(): TrafficCounters {
    const { inner, outer } = this.#place
    const sum = (key: keyof TrafficCounters): number => inner.traffic[key] + (outer?.traffic[key] ?? 0)
    return { operations: sum('operations'), bytesSent: sum('bytesSent'), bytesReceived: sum('bytesReceived') }
  }

  /**
   * Groups within processes, or such that each has the first rank of every process that it has a rank of: they alone know other
   * processes.
   */
  async split(color: number, key = this.rank): Promise<ProcessGroup> {
    const all = new Int32Array(2 * this.size)
    await this.asynchronous.allGather(Int32Array.of(color, key), all)
    const ranks = Array.from({ length: this.size }, (_, rank) => rank)
    const colorOf = (rank: number): number => all[2 * rank] as number
    const keyOf = (rank: number): number => all[2 * rank + 1] as number
    const colors = [...new Set(ranks.map(colorOf))]
    const groups = colors.map((each) =>
      ranks.filter((rank) => colorOf(rank) === each).sort((a, b) => keyOf(a) - keyOf(b) || a - b),
    )
    const cannot = groups.find((members) => !this.#canBeGroup(members))
    if (cannot) throw this.#noGroup(cannot)
    const { inner, outer } = this.#place
    const part = await inner.split(color, key)
    const others = await outer?.split(color, this.#place.process)
    return hierarchicalGroup(part, others, { deadline: this.#deadline })
  }

  abort(reason: string, code?: EndOfWorld): void {
    const { inner, outer } = this.#place
    inner.abort?.(reason, code)
    outer?.abort?.(reason, code)
  }

  drain(): void {
    this.#sequence.drain()
  }

  async destroy(): Promise<void> {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#sequence.fail(this.#leftError('an operation under way'))
    const { inner, outer } = this.#place
    await Promise.all([inner.destroy(), outer?.destroy()])
  }

  #form(
    run: (name: string, steps: Steps, deadline: number) => void | Promise<void>,
    formOf: (group: ProcessGroup) => AnyForm,
  ): AnyForm {
    const levels = this.#levels
    const stepsOf: StepsOf = {
      allReduce: (data, operation) => levels.allReduce(data, operation),
      reduceScatter: (data, target, operation) => levels.reduceScatter(data, target, operation),
      allGather: (data, target, lengths) => levels.allGather(data, target, lengths),
      broadcast: (data, source) => levels.broadcast(data, source),
      gather: (data, target, root) => levels.gather(data, target, root),
      scatter: (data, target, root) => levels.scatter(data, target, root),
      allToAll: (data, target) => levels.allToAll(data, target),
      barrier: () => levels.barrier(),
    }
    const names = Object.keys(stepsOf) as (keyof StepsOf)[]
    const collectives = names.map((name) => {
      const steps = stepsOf[name] as (...args: unknown[]) => Steps
      return [
        name,
        (...args: unknown[]) => {
          if (this.#isDestroyed) throw this.#leftError(name)
          const options = args[OPTIONS_AT[name]] as CollectiveOptions | undefined
          return run(name, steps(...args), options?.deadline ?? this.#deadline)
        },
      ]
    })
    const messages: Pick<AnyForm, 'send' | 'receive'> = {
      send: (data, to, options) => {
        const { group, peer } = this.#wayTo('send', to)
        return formOf(group).send(data, peer, options)
      },
      receive: (target, from, options) => {
        const { group, peer } = this.#wayTo('receive', from)
        return formOf(group).receive(target, peer, options)
      },
    }
    return { ...Object.fromEntries(collectives), ...messages } as AnyForm
  }

  #operation(name: string, steps: Steps, deadline: number) {
    return { steps, deadline, explain: (error: unknown, group: ProcessGroup) => this.#explain(error, group, name) }
  }

  /** A failure of one level is one of the other, too: whoever waits there would wait in vain. */
  #explain(error: unknown, group: ProcessGroup, name: string): unknown {
    const { inner, outer } = this.#place
    const explained = inWorld(error, this.#place, group === outer, name)
    if (isEnd(explained)) {
      const other = group === outer ? inner : outer
      other?.abort?.(explained.message, explained.code)
    }
    return explained
  }

  #wayTo(operation: string, rank: number): { readonly group: ProcessGroup; readonly peer: number } {
    if (this.#isDestroyed) throw this.#leftError(operation)
    requirePeer(operation, rank, this.rank, this.size)
    const { inner, outer, process } = this.#place
    const to = locate(this.#place, rank)
    if (to.process === process) return { group: inner, peer: to.inner }
    if (outer && to.inner === 0) return { group: outer, peer: to.process }
    throw noWay(this.#place, operation, rank)
  }

  #canBeGroup(members: readonly number[]): boolean {
    const places = members.map((rank) => locate(this.#place, rank))
    const processes = new Set(places.map(({ process }) => process))
    if (processes.size === 1) return true
    const isInOrder = members.every((rank, index) => index === 0 || rank > (members[index - 1] as number))
    const leaders = places.filter(({ inner }) => inner === 0).length
    return isInOrder && leaders === processes.size
  }

  #noGroup(members: readonly number[]): LevinError {
    const { sizes, firsts } = this.#place
    return new LevinError('LEVIN_NOT_SUPPORTED', {
      message: `The ranks ${members.join(', ')} cannot be a group of their own: they are of several of the ${sizes.length} processes.`,
      expected: `ranks of one process, or in their order and with the first rank of each process that they are of (${firsts.join(', ')})`,
      remedy: 'Start one process per rank where groups are to be of any ranks.',
    })
  }

  #leftError(operation: string): LevinError {
    return new LevinError('LEVIN_DISPOSED', {
      message: `Rank ${this.rank} has left the group: ${operation} cannot be done.`,
      remedy: 'Destroy a group after its last operation.',
    })
  }
}

/** What a collective refuses before it begins, its promise is rejected with. */
function rejecting(form: AnyForm): AsynchronousCollectives {
  const entries = Object.entries(form).map(([name, operation]) => [
    name,
    async (...args: unknown[]) => (operation as (...args: unknown[]) => unknown)(...args),
  ])
  return Object.fromEntries(entries) as AsynchronousCollectives
}
