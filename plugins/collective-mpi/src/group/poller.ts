import type { Requests } from '../native/requests.js'
import type { OperationQueue } from './operation-queue.js'

/** Milliseconds for which the event loop's every turn looks, after something has moved. */
const EAGER = 1
/** The longest pauses after that, in milliseconds. */
const LONGEST = { data: 1, peers: 5 } as const
/** Turns of the operations within one of the event loop, as long as they get on. */
const STEPS = 32

/**
 * Lets operations get on while the event loop turns: MPI's data only move when it is called. Every turn of the loop for about a
 * millisecond, since a timer of one millisecond costs a third of a fast link's throughput; then by timers, which leave the
 * processor to others.
 */
export class Poller {
  readonly #requests: Requests
  readonly #queues = new Set<OperationQueue>()
  #isScheduled = false
  #completed = -1
  #moved = 0

  constructor(requests: Requests) {
    this.#requests = requests
  }

  add(queue: OperationQueue): void {
    this.#queues.add(queue)
    this.#moved = performance.now()
    if (!this.#isScheduled) this.#schedule()
  }

  /** Lets all operations under way get on. */
  turn(): void {
    for (let step = 0; step < STEPS; step++) {
      const { completed } = this.#requests
      const now = performance.now()
      for (const queue of this.#queues) if (!queue.step(now)) this.#queues.delete(queue)
      if (this.#requests.completed === completed) return
    }
  }

  #schedule(): void {
    this.#isScheduled = true
    const run = () => {
      this.#isScheduled = false
      this.turn()
      if (this.#queues.size > 0) this.#schedule()
    }
    const now = performance.now()
    if (this.#requests.completed !== this.#completed) {
      this.#completed = this.#requests.completed
      this.#moved = now
    }
    const idle = now - this.#moved
    if (idle < EAGER) setImmediate(run)
    else setTimeout(run, Math.max(1, Math.min(this.#longest(), idle / 10)))
  }

  #longest(): number {
    for (const { stage } of this.#queues) if (stage === 'data') return LONGEST.data
    return LONGEST.peers
  }
}
