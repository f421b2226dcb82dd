import type { Mpi } from './mpi.js'
import { PinnedWords } from './pinned.js'

/** Words of a slot: a handle of any family. */
const SLOT = 2
const SLOTS_AT_ONCE = 64

/** Operations of MPI under way. Their handles lie where MPI can write to them at any time. */
export class Requests {
  readonly #mpi: Mpi
  readonly #free: Request[] = []
  readonly #memory: PinnedWords[] = []
  /** How many were seen to be done: whether anything moves. */
  completed = 0

  constructor(mpi: Mpi) {
    this.#mpi = mpi
  }

  /** A slot for one request; it is taken back when the request is done. */
  take(): Request {
    const request = this.#free.pop() ?? this.#grow()
    request.isDone = false
    return request
  }

  /** Whether it is done. */
  test(request: Request): boolean {
    if (request.isDone) return true
    if (!this.#mpi.test(request.address)) return false
    request.isDone = true
    this.completed++
    this.#free.push(request)
    return true
  }

  #grow(): Request {
    const memory = new PinnedWords(this.#mpi.koffi, SLOT * SLOTS_AT_ONCE)
    this.#memory.push(memory)
    const slots = Array.from({ length: SLOTS_AT_ONCE }, (_, index) => new Request(memory.address + 4 * SLOT * index))
    this.#free.push(...slots.slice(1))
    return slots[0] as Request
  }
}

export class Request {
  isDone = false

  constructor(readonly address: number) {}
}
