import { type Elements, LevinError } from '@levin/core'
import { requirePeer, typeNumber, typeOf } from '@levin/distributed/elements'
import { PinnedView, PinnedWords } from '../native/pinned.js'
import type { CountLimits } from './collective.js'
import type { GroupContext } from './context.js'
import type { Progress } from './progress.js'
import { TAGS } from './tags.js'

/** Words of a header: bytes of the message, low and high, and its type. */
const HEADER = 4

/**
 * From one rank to another. A header goes ahead, by which the receiver sees whether the message fits: MPI itself would cut it
 * off, or take floats for integers.
 */
export class Messages {
  readonly #context: GroupContext
  readonly #limits: CountLimits

  constructor(context: GroupContext, limits: CountLimits) {
    this.#context = context
    this.#limits = limits
  }

  send(data: Elements, destination: number): Progress {
    const { rank, size, mpi } = this.#context
    requirePeer('send', destination, rank, size)
    const type = typeNumber(typeOf(data))
    return this.#send(new PinnedView(mpi.koffi, 'send', data), type, destination)
  }

  *#send(view: PinnedView, type: number, to: number): Progress {
    const context = this.#context
    const { bytes } = context.mpi.handles
    const { byteLength } = view.view
    const header = new PinnedWords(context.mpi.koffi, HEADER)
    header.words.set([byteLength | 0, Math.floor(byteLength / 2 ** 32), type])
    const requests = [context.startSend(header.address, 4 * HEADER, bytes, to, TAGS.header)]
    for (const [at, length] of this.#pieces(view)) {
      requests.push(context.startSend(at, length, bytes, to, TAGS.message))
    }
    for (const request of requests) while (!context.requests.test(request)) yield 'peers'
    header.words.fill(0)
    view.requireUnchanged()
    context.traffic.operations++
    context.traffic.bytesSent += byteLength
  }

  receive(target: Elements, source: number): Progress {
    const { rank, size, mpi } = this.#context
    requirePeer('receive', source, rank, size)
    const type = typeNumber(typeOf(target))
    return this.#receive(new PinnedView(mpi.koffi, 'receive', target), type, source)
  }

  *#receive(view: PinnedView, type: number, from: number): Progress {
    const context = this.#context
    const { bytes } = context.mpi.handles
    const { byteLength } = view.view
    const header = new PinnedWords(context.mpi.koffi, HEADER)
    const arriving = context.startReceive(header.address, 4 * HEADER, bytes, from, TAGS.header)
    while (!context.requests.test(arriving)) yield 'peers'
    const [low = 0, high = 0, sentType] = header.words
    const sent = (low >>> 0) + high * 2 ** 32
    if (sent !== byteLength || sentType !== type) {
      const found = sent === byteLength ? 'elements of another type' : `${sent} bytes`
      yield* this.#discard(sent, from)
      throw misfit(from, byteLength, found)
    }
    const pieces = this.#pieces(view)
    const requests = pieces.map(([at, length]) => context.startReceive(at, length, bytes, from, TAGS.message))
    yield* context.finish(...requests)
    view.requireUnchanged()
    context.traffic.operations++
    context.traffic.bytesReceived += byteLength
  }

  /** Takes a message that nobody can use, so that the next one is found. */
  *#discard(sent: number, from: number): Progress {
    const context = this.#context
    const target = new Uint8Array(new ArrayBuffer(Math.min(sent, this.#limits.bytes)))
    const view = new PinnedView(context.mpi.koffi, 'receive', target)
    for (let left = sent; left > 0; left -= this.#limits.bytes) {
      const length = Math.min(left, this.#limits.bytes)
      yield* context.receive(view.address, length, context.mpi.handles.bytes, from, TAGS.message)
    }
  }

  #pieces(view: PinnedView): (readonly [address: number, bytes: number])[] {
    const { bytes } = this.#limits
    const { byteLength } = view.view
    const { address } = view
    return Array.from({ length: Math.ceil(byteLength / bytes) }, (_, index) => {
      const start = index * bytes
      return [address + start, Math.min(bytes, byteLength - start)] as const
    })
  }
}

const misfit = (from: number, expected: number, found: string): LevinError =>
  new LevinError('LEVIN_SHAPE', {
    message: `receive() got a message from rank ${from} that does not fit.`,
    expected: `${expected} bytes`,
    found,
    remedy: 'Send and receive buffers of one length and type.',
  })
