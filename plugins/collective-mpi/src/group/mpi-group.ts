import type {
  AsynchronousCollectives,
  CollectiveOptions,
  Collectives,
  EndOfWorld,
  ProcessGroup,
  TrafficCounters,
} from '@levin/core'
import { PinnedWords } from '../native/pinned.js'
import { Collective, type CountLimits, disposed } from './collective.js'
import { GroupContext } from './context.js'
import { Messages } from './messages.js'
import { MovingCollectives } from './moving.js'
import { OperationQueue } from './operation-queue.js'
import type { Progress } from './progress.js'
import { ReducingCollectives } from './reducing.js'
import type { Begun, TaskOptions } from './task.js'

export interface MpiGroupOptions {
  /** Milliseconds that an operation may take, unless it says otherwise. */
  readonly deadline: number
  readonly limits: CountLimits
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

/** Processes that a launcher of MPI has started, or some of them. */
export class MpiGroup implements ProcessGroup {
  readonly rank: number
  readonly size: number
  readonly blocking: Collectives
  readonly asynchronous: AsynchronousCollectives
  readonly traffic: TrafficCounters
  readonly #context: GroupContext
  readonly #options: MpiGroupOptions
  readonly #moving: MovingCollectives
  readonly #collectives: OperationQueue
  readonly #messages = new Map<string, OperationQueue>()
  #splits = 0
  #isDestroyed = false

  constructor(context: GroupContext, options: MpiGroupOptions) {
    this.rank = context.rank
    this.size = context.size
    this.traffic = context.traffic
    this.#context = context
    this.#options = options
    const collective = new Collective(context)
    this.#moving = new MovingCollectives(collective, options.limits)
    this.#collectives = new OperationQueue(context.world)
    const operations = operationsOf(
      new ReducingCollectives(collective, options.limits),
      this.#moving,
      new Messages(context, options.limits),
    )
    this.blocking = this.#form(operations, (queue, task) => queue.run(task))
    this.asynchronous = rejecting(this.#form(operations, (queue, task) => queue.add(task)))
  }

  async split(color: number, key = this.rank): Promise<ProcessGroup> {
    if (this.#isDestroyed) throw disposed(this.rank, 'split')
    const all = new Int32Array(2 * this.size)
    const words = new PinnedWords(this.#context.mpi.koffi, 2)
    const colorOf = (rank: number): number => all[2 * rank] as number
    const members = (): number[] =>
      Array.from({ length: this.size }, (_, rank) => rank)
        .filter((rank) => colorOf(rank) === colorOf(this.rank))
        .sort((a, b) => (all[2 * a + 1] as number) - (all[2 * b + 1] as number) || a - b)
    const moving = this.#moving
    const { mpi, communicator, world, id } = this.#context
    const progress = (function* (rank: number): Progress {
      yield* moving.allGather(Int32Array.of(color, key), all, undefined, 'split')
      // All are here: what blocks now does so for some microseconds. Colours of MPI are not negative.
      const mine = members()
      mpi.call('MPI_Comm_split', communicator, Math.min(...mine), mine.indexOf(rank), words.address)
    })(this.rank)
    await this.#collectives.add(this.#task('split', progress, this.#options.deadline))
    const mine = members()
    const part = mpi.readHandle(words)
    world.returnErrors(part)
    const ranks = mine.map((rank) => this.#context.members[rank] as number)
    const child = childId(id, ++this.#splits, Math.min(...mine))
    return new MpiGroup(new GroupContext(world, part, child, mine.indexOf(this.rank), ranks), this.#options)
  }

  abort(reason: string, code: EndOfWorld = 'LEVIN_WORKER_LOST'): void {
    this.#context.world.fail(code, reason)
  }

  drain(): void {
    this.#collectives.drain()
  }

  async destroy(): Promise<void> {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    const queues = [this.#collectives, ...this.#messages.values()]
    const isIdle = queues.every(({ isEmpty }) => isEmpty)
    for (const queue of queues) queue.fail(disposed(this.rank, 'an operation under way'))
    this.#context.leave(isIdle)
  }

  #form(operations: Operations, run: (queue: OperationQueue, task: TaskOptions) => unknown): Collectives {
    const names = Object.keys(operations) as (keyof Collectives)[]
    const form = names.map((name) => {
      const operation = operations[name] as (...args: unknown[]) => Progress
      return [
        name,
        (...args: unknown[]) => {
          if (this.#isDestroyed) throw disposed(this.rank, name)
          const options = args[OPTIONS_AT[name]] as CollectiveOptions | undefined
          const deadline = options?.deadline ?? this.#options.deadline
          return run(this.#queueOf(name, args), this.#task(name, operation(...args), deadline, args[1]))
        },
      ]
    })
    return Object.fromEntries(form) as Collectives
  }

  #task(name: string, progress: Progress, deadline: number, peer?: unknown): TaskOptions {
    const isMessage = name === 'send' || name === 'receive'
    const begin = isMessage ? () => ({ label: `${name} (rank ${String(peer)})` }) : () => this.#begin(name)
    return { progress, deadline, begin }
  }

  #begin(name: string): Begun {
    const { id: group, members, world, place } = this.#context
    const sequence = ++this.#context.sequence
    world.state.began(place, sequence)
    return { label: `${name} (operation ${sequence})`, collective: { group, members, sequence } }
  }

  /** Messages between two ranks are in order among themselves; collectives are among all. */
  #queueOf(name: keyof Collectives, args: readonly unknown[]): OperationQueue {
    if (name !== 'send' && name !== 'receive') return this.#collectives
    const key = `${name} ${String(args[1])}`
    const queue = this.#messages.get(key) ?? new OperationQueue(this.#context.world)
    this.#messages.set(key, queue)
    return queue
  }
}

const operationsOf = (reducing: ReducingCollectives, moving: MovingCollectives, messages: Messages): Operations => ({
  allReduce: (data, operation) => reducing.allReduce(data, operation),
  reduceScatter: (data, target, operation) => reducing.reduceScatter(data, target, operation),
  allGather: (data, target, lengths) => moving.allGather(data, target, lengths),
  broadcast: (data, source) => moving.broadcast(data, source),
  gather: (data, target, root) => moving.gather(data, target, root),
  scatter: (data, target, root) => moving.scatter(data, target, root),
  allToAll: (data, target) => moving.allToAll(data, target),
  send: (data, destination) => messages.send(data, destination),
  receive: (target, source) => messages.receive(target, source),
  barrier: () => moving.barrier(),
})

/** What a collective refuses before it begins, its promise is rejected with. */
function rejecting(form: Collectives): AsynchronousCollectives {
  const entries = Object.entries(form).map(([name, operation]) => [
    name,
    async (...args: unknown[]) => (operation as (...args: unknown[]) => unknown)(...args),
  ])
  return Object.fromEntries(entries) as AsynchronousCollectives
}

/** A number for a group that all its members find, and that no other group of the world is likely to have (FNV-1a). */
function childId(parent: number, split: number, first: number): number {
  let hash = 0x811c9dc5
  for (const part of [parent, split, first]) hash = Math.imul(hash ^ part, 0x01000193)
  return (hash & 0x3fffffff) | 0x40000000
}
