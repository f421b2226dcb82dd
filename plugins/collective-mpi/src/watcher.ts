import type { Worker } from 'node:worker_threads'
import { LevinError } from '@levin/core'
import type { Late, Meeting, Order, Report, WatcherData } from './liveness/messages.js'
import type { Departure, Failure, WorldState } from './liveness/world-state.js'
import { startThread } from './own-thread.js'

/** How long the main thread waits for its watcher to have told the others. */
const TELL = 300

/** The main thread's side of its watcher. */
export class Watcher {
  readonly #state: WorldState
  readonly #worker: Worker
  readonly #reports: Report[] = []
  readonly #waiting: ((report: Report) => void)[] = []
  #request = 0

  constructor(state: WorldState, data: Omit<WatcherData, 'state'>) {
    this.#state = state
    const workerData: WatcherData = { ...data, state: state.buffer }
    this.#worker = startThread('watcher-thread', { workerData })
    this.#worker.on('message', (report: Report) => {
      const next = this.#waiting.shift()
      if (next) next(report)
      else this.#reports.push(report)
    })
    this.#worker.on('error', ({ message }) => {
      const text = `the watcher of rank ${data.rank} ended: ${message}.`
      this.#state.fail({ code: 'LEVIN_WORKER_LOST', rank: data.rank, text })
    })
    // Nobody is kept alive by being watched.
    this.#worker.unref()
  }

  /** Opens a place to meet, on rank 0. */
  async listen(size: number, oneHost: boolean, token: string, deadline: number): Promise<Meeting> {
    this.#send({ type: 'listen', size, oneHost, token })
    const report = await this.#next(deadline, 'the watcher of rank 0 could not listen')
    if (report.type === 'listening') return report.meeting
    throw unexpected(report)
  }

  /** Waits until every other rank's watcher is connected. */
  async complete(deadline: number): Promise<void> {
    await this.#next(deadline, 'the watchers of some ranks did not connect to that of rank 0')
  }

  async join(meeting: Meeting, rank: number, deadline: number): Promise<void> {
    this.#send({ type: 'join', meeting, rank })
    const report = await this.#next(deadline, `the watcher of rank ${rank} did not reach that of rank 0`)
    if (report.type === 'joined') return
    throw new LevinError('LEVIN_UNAVAILABLE', {
      message: `Rank ${rank} cannot reach the host of rank 0, port ${meeting.port} (${report.type === 'unreachable' ? report.reason : report.type}).`,
      remedy: 'Let the hosts of a job connect to each other by TCP, or name the address: mpi({ address: … }).',
    })
  }

  /** Ends the world. Returns when the others have been told, or after a fraction of a second. */
  fail(failure: Failure): void {
    this.#ask((request) => ({ type: 'fail', failure, request }))
    // Also where the watcher itself does not answer.
    this.#state.fail(failure)
  }

  left(departure: Departure): void {
    this.#send({ type: 'left', departure })
  }

  late(late: Late): void {
    this.#send({ type: 'late', late })
  }

  /** Says that this process ends because it is done. */
  end(): void {
    this.#ask((request) => ({ type: 'bye', request }))
  }

  #ask(order: (request: number) => Order): void {
    this.#request++
    this.#send(order(this.#request))
    this.#state.awaitAnswer(this.#request, TELL)
  }

  #send(order: Order): void {
    this.#worker.postMessage(order)
  }

  #next(deadline: number, what: string): Promise<Report> {
    const report = this.#reports.shift()
    if (report) return Promise.resolve(report)
    return new Promise((resolve, reject) => {
      const take = (next: Report) => {
        clearTimeout(timer)
        resolve(next)
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1)
        reject(new LevinError('LEVIN_TIMEOUT', { message: `${what} within ${deadline} ms.` }))
      }, deadline)
      this.#waiting.push(take)
    })
  }
}

const unexpected = ({ type }: Report): LevinError =>
  new LevinError('LEVIN_UNAVAILABLE', { message: `The watcher answered '${type}'.` })
