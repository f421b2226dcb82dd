import { LevinError } from '@levin/core'
import { fromPortable, type PortableError } from './portable-error.js'

/** How a rank ended. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: PortableError }
  | { readonly kind: 'lost'; readonly how: string; readonly exitCode: number | undefined }
  /** The launcher ended it, since others had failed or it was told to. */
  | { readonly kind: 'ended' }

/** Errors of ranks that only learnt that another one had failed. */
const CONSEQUENCES: readonly (string | undefined)[] = ['LEVIN_WORKER_LOST', 'LEVIN_TIMEOUT', 'LEVIN_COLLECTIVE']

/** How the ranks of one launch ended, and which of their failures was the first. */
export class Outcomes {
  readonly #byRank: (Outcome | undefined)[]
  /** Ranks in the order in which they failed. */
  readonly #failed: number[] = []

  constructor(worldSize: number) {
    this.#byRank = new Array(worldSize).fill(undefined)
  }

  /** The first word counts: a rank that gave its result may be ended. Returns whether this was it. */
  settle(rank: number, outcome: Outcome): boolean {
    if (this.#byRank[rank]) return false
    this.#byRank[rank] = outcome
    if (outcome.kind === 'error' || outcome.kind === 'lost') this.#failed.push(rank)
    return true
  }

  has(rank: number): boolean {
    return this.#byRank[rank] !== undefined
  }

  /** How the processes ended together, which is known once they have: the code that a lost rank ended with. */
  explain(exitCode: number | undefined): void {
    const [first] = this.#failed
    const outcome = first === undefined ? undefined : this.#byRank[first]
    if (first === undefined || outcome?.kind !== 'lost' || outcome.exitCode !== undefined || !exitCode) return
    this.#byRank[first] = { ...outcome, how: `${outcome.how} with exit code ${exitCode}`, exitCode }
  }

  get complete(): boolean {
    return this.#byRank.every((outcome) => outcome !== undefined)
  }

  get failed(): boolean {
    return this.#failed.length > 0
  }

  /** @throws the failure that the others followed from */
  results(): readonly unknown[] {
    if (this.failed) throw this.failure
    if (this.#byRank.some((outcome) => outcome?.kind === 'ended')) throw ended()
    return this.#byRank.map((outcome) => (outcome as { result: unknown }).result)
  }

  /** The failure that the others followed from. */
  get failure(): Error | undefined {
    const cause = this.#cause()
    return cause === undefined ? undefined : this.#errorOf(cause)
  }

  #cause(): number | undefined {
    const outcome = (rank: number) => this.#byRank[rank] as Outcome
    const own = this.#failed.find((rank) => {
      const failure = outcome(rank)
      return failure.kind === 'lost' || (failure.kind === 'error' && !CONSEQUENCES.includes(failure.error.code))
    })
    return own ?? this.#failed[0]
  }

  #errorOf(rank: number): Error {
    const failure = this.#byRank[rank] as Extract<Outcome, { kind: 'error' | 'lost' }>
    const prefix = this.#byRank.length > 1 ? `Rank ${rank}: ` : ''
    if (failure.kind === 'error') return fromPortable(failure.error, prefix)
    const error = new LevinError('LEVIN_WORKER_LOST', {
      message: `Rank ${rank} of ${this.#byRank.length} ended before its time: ${failure.how}.`,
      remedy: 'Look at what it printed last. With maxRestarts a run goes on from its last checkpoint.',
    })
    return Object.assign(error, { rank, ...(failure.exitCode === undefined ? {} : { exitCode: failure.exitCode }) })
  }
}

const ended = (): LevinError =>
  new LevinError('LEVIN_WORKER_LOST', { message: 'The ranks were ended before they had come to a result.' })
