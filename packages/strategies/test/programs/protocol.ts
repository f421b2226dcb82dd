import type { SharedArena } from '@levin/distributed'

/** How the ranks of a test are connected. */
export interface World {
  readonly size: number
  /**
   * What of its group a rank may use: both forms, the asynchronous one alone as on a browser's main thread, or both with
   * asynchronous operations that go on by themselves, as a network's do. Default `'both'`.
   */
  readonly form?: 'both' | 'asynchronous' | 'overlapping'
  /** What computes: tfjs's JavaScript, whose memory the host does not see, or wasm, whose memory it does. Default `'wasm'`. */
  readonly backend?: 'cpu' | 'wasm'
  /** Milliseconds that a collective may take. Default 20,000. */
  readonly deadline?: number
}

/** What a rank is asked to do. */
export interface Task {
  readonly body: string
  readonly input: unknown
  readonly world: World
  readonly arena: SharedArena
}

export interface Outcome {
  readonly value?: unknown
  readonly error?: string
}
