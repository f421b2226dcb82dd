import type { LaunchRequest } from '@levin/core'
import type { SharedArena } from '../shared/arena.js'
import { failWorld } from '../shared/failure.js'
import { type Outcome, Outcomes } from './outcomes.js'
import type { RankReport } from './run-rank.js'

/** How long ranks may take to notice that the world has ended, and to say what became of them. */
const GRACE = 700

export interface RankReportsActions {
  /** All ranks have said how they ended. */
  complete(): void
  /** Some never will. */
  sweep(): void
}

/** What the threads of one launch say, and what follows from it: the same for threads of Node and of a browser. */
export class RankReports {
  readonly outcomes: Outcomes
  readonly #request: Pick<LaunchRequest, 'onMessage'>
  readonly #arena: SharedArena | undefined
  readonly #actions: RankReportsActions
  #grace: ReturnType<typeof setTimeout> | undefined

  /** @param arena absent where one rank has no others to tell */
  constructor(
    request: Pick<LaunchRequest, 'onMessage' | 'worldSize'>,
    arena: SharedArena | undefined,
    actions: RankReportsActions,
  ) {
    this.outcomes = new Outcomes(request.worldSize)
    this.#request = request
    this.#arena = arena
    this.#actions = actions
  }

  take(rank: number, report: RankReport): void {
    if (report.type === 'message') this.#request.onMessage(rank, report.message)
    else if (report.type === 'result') this.settle(rank, { kind: 'result', result: report.result })
    else this.settle(rank, { kind: 'error', error: report.error })
  }

  settle(rank: number, outcome: Outcome): void {
    if (!this.outcomes.settle(rank, outcome)) return
    if (this.#arena && (outcome.kind === 'lost' || outcome.kind === 'error')) {
      const what = outcome.kind === 'lost' ? `ended: ${outcome.how}` : `failed: ${outcome.error.message}`
      failWorld(this.#arena, 'LEVIN_WORKER_LOST', rank, `rank ${rank} ${what}`)
    }
    if (this.outcomes.complete) this.#actions.complete()
    // Ranks that have said how they ended need not go on; those that never will are ended.
    if (this.outcomes.complete || this.outcomes.failed) this.#grace ??= setTimeout(() => this.#actions.sweep(), GRACE)
  }

  /** All ranks are gone: nothing is waited for. */
  close(): void {
    clearTimeout(this.#grace)
  }
}
