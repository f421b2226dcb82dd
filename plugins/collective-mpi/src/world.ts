import { LevinError } from '@levin/core'
import { GroupContext } from './group/context.js'
import { OperationQueue } from './group/operation-queue.js'
import { Poller } from './group/poller.js'
import type { Begun } from './group/task.js'
import type { Failure, FailureCode, WorldState } from './liveness/world-state.js'
import type { Mpi } from './native/mpi.js'
import { PinnedWords } from './native/pinned.js'
import { Requests } from './native/requests.js'
import type { Watcher } from './watcher.js'

/** What to do about each kind of end. */
const REMEDIES: Readonly<Record<FailureCode, string>> = {
  LEVIN_WORKER_LOST: 'Look at what that rank printed last.',
  LEVIN_TIMEOUT: 'Look at what the named ranks do; where they only compute for long, raise the deadline.',
  LEVIN_COLLECTIVE: 'Let all ranks call the same collectives in the same order, with buffers of one length and type.',
}

/** This process among those that a launcher of MPI has started. One per process, from MPI_Init to MPI_Finalize. */
export class World {
  readonly requests: Requests
  readonly poller: Poller
  /** What MPI may still write to after a failure. */
  readonly abandoned: unknown[] = []
  /** Milliseconds to look before sleeping: hardly any where ranks outnumber processors, and the awaited one needs this one's. */
  spin = 0.02
  readonly #setup: OperationQueue
  #groups = 0

  constructor(
    readonly mpi: Mpi,
    readonly state: WorldState,
    readonly watcher: Watcher,
    readonly rank: number,
    readonly size: number,
  ) {
    this.requests = new Requests(mpi)
    this.poller = new Poller(this.requests)
    this.#setup = new OperationQueue(this)
  }

  /** Another communicator of all processes. Every one of them asks, and equally often. */
  async everybody(deadline: number): Promise<GroupContext> {
    const id = ++this.#groups
    const { mpi, requests } = this
    const words = new PinnedWords(mpi.koffi, 2)
    const progress = (function* () {
      const request = requests.take()
      mpi.call('MPI_Comm_idup', mpi.handles.world, words.address, request.address)
      while (!requests.test(request)) yield 'peers' as const
    })()
    await this.#setup.add({ progress, deadline, begin: () => ({ label: 'connect' }) })
    const communicator = mpi.readHandle(words)
    this.returnErrors(communicator)
    const members = Array.from({ length: this.size }, (_, rank) => rank)
    return new GroupContext(this, communicator, id, this.rank, members)
  }

  /** Errors become return values: MPI's own way is to end the process. */
  returnErrors(communicator: number): void {
    this.mpi.call('MPI_Comm_set_errhandler', communicator, this.mpi.handles.errorsReturn)
  }

  /** Ends the world, here and everywhere. */
  fail(code: FailureCode, text: string): void {
    if (!this.state.hasFailed) this.watcher.fail({ code, rank: this.rank, text })
  }

  askWhoIsLate({ group, members, sequence }: NonNullable<Begun['collective']>, text: string): void {
    this.watcher.late({ group, members, sequence, rank: this.rank, text })
  }

  /** What ended the world, as the error of an operation. */
  failureError(label: string): LevinError {
    const { code, text } = this.state.failure as Failure
    return new LevinError(code, { message: `${label} ended: ${text}`, remedy: REMEDIES[code] })
  }
}
