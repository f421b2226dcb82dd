import type { ErrorCode } from '../errors.js'

export type ReduceOperation = 'sum' | 'mean' | 'min' | 'max' | 'product'

/** What collectives move. Raw bytes travel as `Uint8Array` and cannot be reduced. */
export type Elements = Float32Array | Int32Array | Uint8Array

export interface CollectiveOptions {
  /** Milliseconds after which the operation fails and names the ranks it waited for. Default: the group's. */
  readonly deadline?: number
}

/** The collectives in their blocking form: they return when this rank's part is done, and never yield to the event loop. */
export interface Collectives {
  /** Every rank ends with the reduction of all ranks' `data`, in place. */
  allReduce(data: Elements, operation: ReduceOperation, options?: CollectiveOptions): void
  /** `data` holds `size` equal parts; rank r ends with the reduction of the r-th parts in `target`. */
  reduceScatter(data: Elements, target: Elements, operation: ReduceOperation, options?: CollectiveOptions): void
  /** Concatenates every rank's `data`, in rank order, into `target`. `lengths` where they differ. */
  allGather(data: Elements, target: Elements, lengths?: readonly number[], options?: CollectiveOptions): void
  broadcast(data: Elements, source: number, options?: CollectiveOptions): void
  /** As `allGather`, but only `root` receives. */
  gather(data: Elements, target: Elements | undefined, root: number, options?: CollectiveOptions): void
  scatter(data: Elements | undefined, target: Elements, root: number, options?: CollectiveOptions): void
  /** Part r of `data` goes to rank r; `target` receives one part of every rank. */
  allToAll(data: Elements, target: Elements, options?: CollectiveOptions): void
  send(data: Elements, destination: number, options?: CollectiveOptions): void
  receive(target: Elements, source: number, options?: CollectiveOptions): void
  barrier(options?: CollectiveOptions): void
}

/** The same collectives without blocking: each resolves when this rank's part is done. Buffers stay untouched until then. */
export type AsynchronousCollectives = {
  [K in keyof Collectives]: (...args: Parameters<Collectives[K]>) => Promise<void>
}

/** With what an operation fails when its world has ended. */
export type EndOfWorld = Extract<ErrorCode, 'LEVIN_WORKER_LOST' | 'LEVIN_TIMEOUT' | 'LEVIN_COLLECTIVE'>

export interface TrafficCounters {
  readonly operations: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/**
 * A ProcessGroup is a set of ranks that can move data among each other. Every operation carries a sequence number that
 * all ranks must agree on, and a deadline; one that is missed names the operation and the ranks that did not come.
 */
export interface ProcessGroup {
  readonly rank: number
  readonly size: number
  /** Absent where a rank cannot block, such as on a browser's main thread. */
  readonly blocking?: Collectives
  readonly asynchronous: AsynchronousCollectives
  /**
   * Asynchronous operations go on while this rank computes, so that what is begun early costs less: the network works, not the
   * rank. Default `false`: they go on when the event loop turns.
   */
  readonly overlaps?: boolean
  /** Groups of the ranks that gave the same colour, ordered by `key` and then by rank. Collective. */
  split(color: number, key?: number): Promise<ProcessGroup>
  readonly traffic: TrafficCounters
  /**
   * Ends the whole world that the group belongs to, since this rank cannot go on: the others fail at once with this reason,
   * instead of at their deadline. Absent: they learn it from whoever watches the ranks.
   *
   * @param reason a sentence
   * @param code what operations of the others fail with. Default `LEVIN_WORKER_LOST`
   */
  abort?(reason: string, code?: EndOfWorld): void
  /**
   * Blocks until every collective that is under way here has ended, as a blocking one does before it begins, and throws if one
   * has failed. For groups that are made of others. Absent where a rank cannot block.
   */
  drain?(): void
  /** Leaves the group. Idempotent; pending operations fail. */
  destroy(): Promise<void>
}

/** How a launcher tells a rank where it stands. */
export interface RankDescription {
  readonly globalRank: number
  readonly localRank: number
  readonly nodeRank: number
  /** Ranks on this node. */
  readonly localWorldSize: number
  readonly worldSize: number
}

/**
 * What a plugin of kind `collective` makes: it connects this process to the others that somebody else has started, such as
 * `mpirun` and `srun`.
 */
export interface ProcessGroupFactory {
  readonly name: string
  /**
   * Connects this process as `rank` of a world of processes. Once per process: a second call gives another handle on the
   * same world.
   *
   * @param rank as the cluster environment says it
   * @throws LEVIN_UNAVAILABLE if the library is not there, or was started by a launcher that does not belong to it, so that
   * each process believes to be alone
   */
  connect(rank: RankDescription, options?: { readonly deadline?: number | undefined }): Promise<ProcessGroup>
}
