import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads'

const NAP = new Int32Array(new SharedArrayBuffer(4))

interface Message {
  readonly heard?: true
  readonly steps?: number
}

/**
 * Ranks of one process that begin as many steps at the same time: rank 0 is told by the bench, and tells the others. Who waits
 * sleeps, so that nobody is in the way of another contender.
 */
export class Starts {
  readonly #channel = new BroadcastChannel('levin-bench-starts')
  readonly #received: Message[] = []
  readonly #others: number

  constructor(ranks: number) {
    this.#others = ranks - 1
    // What comes while the event loop turns would be lost without somebody who takes it.
    this.#channel.onmessage = (event) => void this.#received.push((event as { data: Message }).data)
    this.#channel.unref()
  }

  /** Rank 0: returns when all others have heard. */
  tell(steps: number): void {
    if (this.#others === 0) return
    this.#channel.postMessage({ steps } satisfies Message)
    for (let heard = 0; heard < this.#others; heard++) this.#next('heard')
  }

  /** Another rank: returns when there are steps to do. */
  hear(): number {
    const { steps } = this.#next('steps')
    this.#channel.postMessage({ heard: true } satisfies Message)
    return steps as number
  }

  #next(key: keyof Message): Message {
    for (;;) {
      const received = this.#received.shift() ?? this.#poll()
      if (received?.[key] !== undefined) return received
      if (received === undefined) Atomics.wait(NAP, 0, 0, 1)
    }
  }

  #poll(): Message | undefined {
    // Node takes a BroadcastChannel here; its types do not say so.
    const received: { message: Message } | undefined = receiveMessageOnPort(this.#channel as never)
    return received?.message
  }
}
