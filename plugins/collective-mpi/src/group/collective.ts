import { type Elements, LevinError } from '@levin/core'
import { bytesOf } from '@levin/distributed/elements'
import type { MpiFunction } from '../native/mpi.js'
import { PinnedView } from '../native/pinned.js'
import { check, type Description } from './check.js'
import type { GroupContext } from './context.js'
import type { Progress } from './progress.js'
import { TAGS } from './tags.js'

/** What goes to another rank, or comes from it. */
export interface Transfer {
  readonly peer: number
  readonly address: number
  readonly bytes: number
}

/** One call of a collective: what the ranks agree on, its buffers, and what it moves. */
export interface CollectiveCall extends Description {
  readonly views: readonly (PinnedView | undefined)[]
  /** Bytes that this rank sends and receives. */
  readonly sent: number
  readonly received: number
}

/** What the collectives of a group are made of. */
export class Collective {
  constructor(readonly context: GroupContext) {}

  pin(operation: string, data: Elements): PinnedView {
    return new PinnedView(this.context.mpi.koffi, operation, data)
  }

  /** Compares what the ranks do, does it, and sees that the buffers are still those that it began with. */
  *run(call: CollectiveCall, body: () => Progress): Progress {
    const { traffic, size } = this.context
    traffic.operations++
    yield* check(this.context, call)
    yield* body()
    for (const view of call.views) view?.requireUnchanged()
    if (size === 1) return
    traffic.bytesSent += call.sent
    traffic.bytesReceived += call.received
  }

  /** A non-blocking function of MPI on the group's communicator, until it is done. */
  *mpi(name: MpiFunction, ...parameters: readonly number[]): Progress {
    const { mpi, requests, communicator } = this.context
    const request = requests.take()
    mpi.call(name, ...parameters, communicator, request.address)
    yield* this.context.finish(request)
  }

  others(): number[] {
    const { size, rank } = this.context
    return Array.from({ length: size }, (_, each) => each).filter((each) => each !== rank)
  }

  /** More elements than MPI's numbers hold: messages of at most `longest` bytes between pairs of ranks. */
  *transfer(sends: readonly Transfer[], receives: readonly Transfer[], longest: number): Progress {
    const { context } = this
    const { bytes } = context.mpi.handles
    const arriving = receives.flatMap(({ peer, ...all }) =>
      piecesOf(all, longest).map(([at, length]) => context.startReceive(at, length, bytes, peer, TAGS.piece)),
    )
    const leaving = sends.flatMap(({ peer, ...all }) =>
      piecesOf(all, longest).map(([at, length]) => context.startSend(at, length, bytes, peer, TAGS.piece)),
    )
    yield* context.finish(...arriving, ...leaving)
  }
}

function piecesOf(
  { address, bytes }: Omit<Transfer, 'peer'>,
  longest: number,
): (readonly [address: number, bytes: number])[] {
  return Array.from({ length: Math.ceil(bytes / longest) }, (_, index) => {
    const start = index * longest
    return [address + start, Math.min(longest, bytes - start)] as const
  })
}

/** Copies elements within this rank. */
export function copyWithin(from: Elements, first: number, count: number, to: Elements, at: number): void {
  const width = from.BYTES_PER_ELEMENT
  bytesOf(to).set(bytesOf(from).subarray(first * width, (first + count) * width), at * width)
}

/** No message reaches this rank from a group of one. */
export function* alone(work: () => void = () => {}): Progress {
  work()
}

/** Where MPI's numbers end, and what it costs to go on. */
export interface CountLimits {
  /** Elements of one call. */
  readonly elements: number
  /** Bytes of one message. */
  readonly bytes: number
}

export const MPI_LIMITS: CountLimits = { elements: 2 ** 31 - 1, bytes: 2 ** 30 }

export const disposed = (rank: number, operation: string): LevinError =>
  new LevinError('LEVIN_DISPOSED', {
    message: `Rank ${rank} has left the group: ${operation} cannot be done.`,
    remedy: 'Destroy a group after its last operation.',
  })
