import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads'

const NAP = new Int32Array(new SharedArrayBuffer(4))

/**
 * Ranks of one process that begin as many steps at the same time: rank 0 is told by the bench, and tells the others. Who waits
 * sleeps, so that nobody is in the way of another contender.
 */
export class Starts {
  readonly #channel = new BroadcastChannel('levin-bench-starts')
  readonly #others: number

  constructor(ranks: number) {
    this.#others = ranks - 1
    this.#channel.unref()
  }

  /** Rank 0: returns when all others have heard. */
  tell(steps: number): void {
    if (this.#others === 0) return
    this.#channel.postMessage({ steps })
    for (let heard = 0; heard < this.#others; heard++) this.#next('heard')
  }

  /** Another rank: returns when there are steps to do. */
  hear(): number {
    const { steps } = this.#next('steps')
    this.#channel.postMessage({ heard: true })
    return steps as number
  }

  #next(key: 'heard' | 'steps'): { readonly heard?: boolean; readonly steps?: number } {
    for (;;) {
      const received = receiveMessageOnPort(this.#channel as never) as
        | { message: { heard?: boolean; steps?: number } }
        | undefined
      if (received?.message[key] !== undefined) return received.message
      if (received === undefined) Atomics.wait(NAP, 0, 0, 1)
    }
  }
}
