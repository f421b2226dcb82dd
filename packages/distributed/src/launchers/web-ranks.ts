import {
  describe,
  type LaunchedRanks,
  type LaunchRequest,
  LevinError,
  type StartedWorker,
  type StartWorker,
} from '@levin/core'
import { createArena } from '../shared/arena.js'
import { toPortable } from './portable-error.js'
import { RankReports } from './rank-reports.js'
import { unwrap, type WebOrder, type WebReport, type WebStart, wrap } from './web-messages.js'

/** Milliseconds in which a worker's file is to be there and call `serve`: it may come over a slow network. */
const START = 60_000

/** One worker, and what is still to be said to it. */
interface Rank {
  readonly worker: StartedWorker
  /** Ends the watch over the lock that the worker holds. */
  readonly watch: AbortController
  /** Orders that came before the worker was ready. */
  waiting: WebOrder[] | undefined
  overdue: ReturnType<typeof setTimeout> | undefined
}

/**
 * Ranks in web workers, which the caller's own function starts. Several share memory, which only cross-origin isolated pages
 * have. All are ended when the last has said what became of it: a browser keeps a worker, and its heap, as long as its page.
 */
export class WebRanks implements LaunchedRanks {
  readonly results: Promise<readonly unknown[]>
  readonly #ranks: Rank[] = []
  readonly #reports: RankReports
  #done: () => void = () => {}

  /** @throws LEVIN_UNAVAILABLE for several ranks on a page that is not cross-origin isolated; what `start` throws */
  constructor(request: LaunchRequest, start: StartWorker) {
    const { worldSize, input, deadline } = request
    const arena = worldSize > 1 ? createArena(worldSize) : undefined
    this.#reports = new RankReports(request, arena, { complete: () => this.#finish(), sweep: () => void this.end() })
    this.results = new Promise<void>((resolve) => {
      this.#done = resolve
    }).then(() => this.#reports.outcomes.results())
    try {
      for (let rank = 0; rank < worldSize; rank++) this.#start(start, { arena, rank, input, deadline })
    } catch (error) {
      for (const { worker, overdue } of this.#ranks) {
        clearTimeout(overdue)
        worker.terminate()
      }
      throw error
    }
  }

  send(message: unknown): void {
    for (const rank of this.#ranks) tell(rank, { type: 'message', message })
  }

  async end(rank?: number): Promise<void> {
    const ended = rank === undefined ? this.#ranks.keys() : [rank]
    for (const each of ended) {
      terminate(this.#ranks[each])
      this.#reports.settle(each, { kind: 'ended' })
    }
  }

  #start(start: StartWorker, first: WebStart): void {
    const worker = requireWorker(start(), this.#ranks)
    const { rank } = first
    const overdue = setTimeout(() => this.#reports.settle(rank, { kind: 'error', error: toPortable(silent()) }), START)
    this.#ranks.push({ worker, watch: new AbortController(), waiting: [{ type: 'start', start: first }], overdue })
    worker.addEventListener('message', (event) => {
      const report = unwrap<WebReport>(event)
      if (report?.type === 'ready') this.#ready(rank, report.lock)
      else if (report) this.#reports.take(rank, report)
    })
    worker.addEventListener('error', (event) => {
      // It is the run's error now, and not one that nobody has caught.
      ;(event as Event).preventDefault()
      this.#reports.settle(rank, { kind: 'error', error: toPortable(uncaught(event)) })
    })
    worker.addEventListener('messageerror', () => {
      const how = 'what it sent cannot be read here'
      this.#reports.settle(rank, { kind: 'lost', how, exitCode: undefined })
    })
  }

  #ready(index: number, lock: string | undefined): void {
    const rank = this.#ranks[index] as Rank
    clearTimeout(rank.overdue)
    const waiting = rank.waiting ?? []
    rank.waiting = undefined
    for (const order of waiting) tell(rank, order)
    if (lock === undefined) return
    // A worker that closes itself, or that the browser ends, says nothing; its lock becomes free.
    navigator.locks
      .request(lock, { signal: rank.watch.signal }, () =>
        this.#reports.settle(index, { kind: 'lost', how: 'its worker was closed', exitCode: undefined }),
      )
      .catch(() => undefined)
  }

  #finish(): void {
    for (const rank of this.#ranks) terminate(rank)
    this.#reports.close()
    this.#done()
  }
}

function terminate(rank: Rank | undefined): void {
  rank?.watch.abort()
  clearTimeout(rank?.overdue)
  rank?.worker.terminate()
}

function tell(rank: Rank, order: WebOrder): void {
  if (rank.waiting) rank.waiting.push(order)
  else rank.worker.postMessage(wrap(order))
}

function requireWorker(given: unknown, others: readonly Rank[]): StartedWorker {
  const { postMessage, terminate, addEventListener } = (given ?? {}) as Partial<StartedWorker>
  const fits = [postMessage, terminate, addEventListener].every((method) => typeof method === 'function')
  const again = others.some(({ worker }) => worker === given)
  if (fits && !again) return given as StartedWorker
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: 'The function that starts workers does not.',
    expected: 'a new web worker for each call',
    found: again ? 'the worker of another call' : describe(given),
    remedy: "() => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' })",
  })
}

const silent = (): LevinError =>
  new LevinError('LEVIN_TIMEOUT', {
    message: `The worker did not call serve() within ${START / 1000} seconds.`,
    remedy: "Let the worker's file end with serve(run), and look at what its console says.",
  })

/** An error that nobody in the worker caught. Of a file that does not load a browser says nothing to the page. */
function uncaught(event: object): Error {
  const { message, filename, lineno } = event as Partial<ErrorEvent>
  if (message) {
    const text = message.replace(/^Uncaught (\w+: )?/, '')
    return Object.assign(new Error(text), { stack: `${text}\n    at ${filename}:${lineno}` })
  }
  return new LevinError('LEVIN_RUN_MODULE', {
    message: "The worker's file does not load.",
    remedy:
      "Look at the browser's console and network log. Bundlers find the file only by new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }).",
  })
}
