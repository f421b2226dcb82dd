import {
  type AsynchronousCollectives,
  type CollectiveOptions,
  type Collectives,
  type EndOfWorld,
  LevinError,
  type ProcessGroup,
  type TrafficCounters,
} from '@levin/core'
import { returnBlock, type SharedArena, takeBlock } from './arena.js'
import { Block } from './block.js'
import { Channels } from './channels.js'
import { SharedCollectives, type Traffic } from './collectives.js'
import { failWorld } from './failure.js'
import { HEADER, layoutOf } from './layout.js'
import { OperationQueue } from './operation-queue.js'
import { Reductions } from './reductions.js'
import { SMALL, SmallAllReduce } from './small-all-reduce.js'
import type { Progress } from './wait.js'
import { spinFor } from './waiting.js'

/** Ten minutes: longer than any step, shorter than a night. */
const DEADLINE = 600_000

export interface SharedGroupOptions {
  /** Milliseconds that an operation may take, unless it says otherwise. Default 600,000. */
  readonly deadline?: number | undefined
  /** Logical processors. Default: those of the machine. */
  readonly processors?: number | undefined
}

/** One operation by its name, as a generator; the deadline is its last argument. */
type Operations = { [K in keyof Collectives]: (...args: Parameters<Collectives[K]>) => Progress }

/** Where the options of an operation stand among its arguments. */
const OPTIONS_AT: Readonly<Record<keyof Collectives, number>> = {
  allReduce: 2,
  reduceScatter: 3,
  allGather: 3,
  broadcast: 2,
  gather: 3,
  scatter: 3,
  allToAll: 2,
  send: 2,
  receive: 2,
  barrier: 0,
}

/**
 * The ranks of one process, each in a thread of its own, over memory that they share. Data are copied from a rank's own heap
 * into its slot and out of the others'; reductions are split evenly among the ranks. Waiting is a short look and then a
 * sleep. The blocking form needs a thread that may block: not a browser's main thread.
 */
export class SharedGroup implements ProcessGroup {
  readonly rank: number
  readonly size: number
  readonly blocking: Collectives
  readonly asynchronous: AsynchronousCollectives
  readonly traffic: TrafficCounters
  readonly #block: Block
  readonly #base: number
  readonly #options: SharedGroupOptions
  readonly #collectives: OperationQueue
  readonly #sends = new Map<number, OperationQueue>()
  readonly #receives = new Map<number, OperationQueue>()
  readonly #spin: number
  readonly #deadline: number
  #destroyed = false

  /** @param base the byte at which the group's block begins */
  constructor(arena: SharedArena, base: number, size: number, rank: number, options: SharedGroupOptions = {}) {
    this.rank = rank
    this.size = size
    this.#base = base
    this.#options = options
    this.#deadline = options.deadline ?? DEADLINE
    this.#block = new Block(arena, layoutOf(base, size), rank)
    const traffic: Traffic = { operations: 0, bytesSent: 0, bytesReceived: 0 }
    this.traffic = traffic
    const processors = options.processors ?? processorsHere()
    this.#spin = spinFor(arena.worldSize, processors)
    this.#collectives = new OperationQueue(this.#block, this.#spin)
    const reductions = new Reductions(this.#block)
    const small = new SmallAllReduce(this.#block, traffic, reductions, this.#spin)
    const collectives = new SharedCollectives(this.#block, traffic, reductions, small)
    const operations = this.#operations(collectives, new Channels(this.#block, traffic))
    const run = this.#form(operations, (queue, progress, name, deadline) => queue.run(progress, name, deadline))
    this.blocking = {
      ...run,
      allReduce: (data, operation, options) => {
        if (data.byteLength > SMALL || size === 1 || this.#destroyed || !this.#collectives.isEmpty)
          run.allReduce(data, operation, options)
        else small.run(data, operation, options?.deadline ?? this.#deadline)
      },
    }
    const promised = this.#form(operations, (queue, progress, name, deadline) => queue.add(progress, name, deadline))
    this.asynchronous = rejecting(promised)
  }

  async split(color: number, key = this.rank): Promise<ProcessGroup> {
    const all = new Int32Array(2 * this.size)
    await this.asynchronous.allGather(Int32Array.of(color, key), all)
    const members = Array.from({ length: this.size }, (_, rank) => rank)
      .filter((rank) => all[2 * rank] === color)
      .sort((a, b) => (all[2 * a + 1] as number) - (all[2 * b + 1] as number) || a - b)
    const { arena } = this.#block
    const layout = layoutOf(0, members.length)
    let base = 0
    if (members[0] === this.rank) {
      base = takeBlock(arena, layout.bytes)
      new Uint8Array(arena.memory.buffer, base, layout.controlBytes).fill(0)
      Atomics.store(new Int32Array(arena.memory.buffer), base / 4, members.length)
    }
    const bases = new Int32Array(this.size)
    // In lines of 64 bytes: a byte's number may not fit.
    await this.asynchronous.allGather(Int32Array.of(base / 64), bases)
    const shared = (bases[members[0] as number] as number) * 64
    return new SharedGroup(arena, shared, members.length, members.indexOf(this.rank), this.#options)
  }

  abort(reason: string, code: EndOfWorld = 'LEVIN_WORKER_LOST'): void {
    const { arena, rank } = this.#block
    failWorld(arena, code, rank, reason)
  }

  drain(): void {
    this.#collectives.drain()
  }

  async destroy(): Promise<void> {
    if (this.#destroyed) return
    this.#destroyed = true
    const error = this.#leftError('an operation under way')
    for (const queue of this.#queues()) queue.fail(error)
    const { arena, words, layout } = this.#block
    this.#block.leave()
    if (this.#base === HEADER.bytes) return
    if (Atomics.sub(words, layout.members, 1) === 1) returnBlock(arena, this.#base, layout.bytes)
  }

  #queues(): OperationQueue[] {
    return [this.#collectives, ...this.#sends.values(), ...this.#receives.values()]
  }

  #operations(collectives: SharedCollectives, channels: Channels): Operations {
    return {
      allReduce: (data, operation) => collectives.allReduce(data, operation),
      reduceScatter: (data, target, operation) => collectives.reduceScatter(data, target, operation),
      allGather: (data, target, lengths) => collectives.allGather(data, target, lengths),
      broadcast: (data, source) => collectives.broadcast(data, source),
      gather: (data, target, root) => collectives.gather(data, target, root),
      scatter: (data, target, root) => collectives.scatter(data, target, root),
      allToAll: (data, target) => collectives.allToAll(data, target),
      send: (data, destination) => channels.send(data, destination),
      receive: (target, source) => channels.receive(target, source),
      barrier: () => collectives.barrier(),
    }
  }

  #form(
    operations: Operations,
    run: (queue: OperationQueue, progress: Progress, name: string, deadline: number) => unknown,
  ): Collectives {
    const names = Object.keys(operations) as (keyof Collectives)[]
    const form = names.map((name) => {
      const operation = operations[name] as (...args: unknown[]) => Progress
      return [
        name,
        (...args: unknown[]) => {
          if (this.#destroyed) throw this.#leftError(name)
          const options = args[OPTIONS_AT[name]] as CollectiveOptions | undefined
          const deadline = options?.deadline ?? this.#deadline
          return run(this.#queueOf(name, args), operation(...args), name, deadline)
        },
      ]
    })
    return Object.fromEntries(form) as Collectives
  }

  /** Messages between two ranks are in order among themselves; collectives are among all. */
  #queueOf(name: keyof Collectives, args: readonly unknown[]): OperationQueue {
    if (name !== 'send' && name !== 'receive') return this.#collectives
    const queues = name === 'send' ? this.#sends : this.#receives
    const peer = Number(args[1])
    let queue = queues.get(peer)
    if (queue === undefined) {
      queue = new OperationQueue(this.#block, this.#spin)
      queues.set(peer, queue)
    }
    return queue
  }

  #leftError(operation: string): LevinError {
    return new LevinError('LEVIN_DISPOSED', {
      message: `Rank ${this.rank} has left the group: ${operation} cannot be done.`,
      remedy: 'Destroy a group after its last operation.',
    })
  }
}

/** What a collective refuses before it begins, its promise is rejected with. */
function rejecting(form: Collectives): AsynchronousCollectives {
  const entries = Object.entries(form).map(([name, operation]) => [
    name,
    async (...args: unknown[]) => (operation as (...args: unknown[]) => unknown)(...args),
  ])
  return Object.fromEntries(entries) as AsynchronousCollectives
}

/** Connects rank `rank` of a world to the others, in whatever thread it is. */
export const connectShared = (arena: SharedArena, rank: number, options?: SharedGroupOptions): SharedGroup =>
  new SharedGroup(arena, HEADER.bytes, arena.worldSize, rank, options)

function processorsHere(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } }
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  const os = process?.getBuiltinModule?.('node:os') as { availableParallelism(): number } | undefined
  return os?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 2
}
