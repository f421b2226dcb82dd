import type { TrafficCounters } from '@levin/core'
import type { Mpi } from '../native/mpi.js'
import { PinnedWords } from '../native/pinned.js'
import type { Requests } from '../native/requests.js'
import type { World } from '../world.js'
import type { Progress } from './progress.js'

/** Bytes that this rank sent and received, by the algorithms; MPI does not tell. */
export type Traffic = { -readonly [K in keyof TrafficCounters]: TrafficCounters[K] }

/** One communicator, and what its operations share. */
export class GroupContext {
  readonly mpi: Mpi
  readonly requests: Requests
  readonly traffic: Traffic = { operations: 0, bytesSent: 0, bytesReceived: 0 }
  /** Operations so far: the same on every rank. */
  sequence = 0
  /** The place in the table by which others see how far this rank is. */
  readonly place: number | undefined
  readonly descriptions: PinnedWords
  #scratch: PinnedWords | undefined

  constructor(
    readonly world: World,
    readonly communicator: number,
    /** The same on every rank of the group, and no other group's. */
    readonly id: number,
    readonly rank: number,
    /** The members, as ranks of the world. */
    readonly members: readonly number[],
  ) {
    this.mpi = world.mpi
    this.requests = world.requests
    this.place = world.state.claim(id)
    this.descriptions = new PinnedWords(world.mpi.koffi, 32)
  }

  get size(): number {
    return this.members.length
  }

  /** Memory of our own, of at least so many bytes. It is used again by the next operation. */
  scratch(bytes: number): PinnedWords {
    if (this.#scratch === undefined || this.#scratch.words.byteLength < bytes) {
      this.#scratch = new PinnedWords(this.mpi.koffi, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1024))) / 4)
    }
    return this.#scratch
  }

  *send(address: number, count: number, type: number, to: number, tag: number): Progress {
    yield* this.finish(this.startSend(address, count, type, to, tag))
  }

  *receive(address: number, count: number, type: number, from: number, tag: number): Progress {
    yield* this.finish(this.startReceive(address, count, type, from, tag))
  }

  startSend(address: number, count: number, type: number, to: number, tag: number) {
    const request = this.requests.take()
    this.mpi.call('MPI_Isend', address, count, type, to, tag, this.communicator, request.address)
    return request
  }

  startReceive(address: number, count: number, type: number, from: number, tag: number) {
    const request = this.requests.take()
    this.mpi.call('MPI_Irecv', address, count, type, from, tag, this.communicator, request.address)
    return request
  }

  /** Waits for requests, which were all begun. */
  *finish(...all: readonly ReturnType<Requests['take']>[]): Progress {
    for (const request of all) while (!this.requests.test(request)) yield 'data'
  }

  /** Tells the others, and gives the communicator back if nothing is under way on it. */
  leave(isIdle: boolean): void {
    const { world, mpi, id, sequence, communicator } = this
    world.state.release(this.place)
    if (this.size > 1) world.watcher.left({ group: id, rank: world.rank, sequence })
    if (!isIdle || world.state.hasFailed) return
    mpi.writeHandle(this.descriptions, communicator)
    mpi.call('MPI_Comm_free', this.descriptions.address)
  }
}
