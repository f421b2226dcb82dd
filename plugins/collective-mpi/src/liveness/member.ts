import { connect } from 'node:net'
import { Link } from './link.js'
import type { Late, Meeting, WireMessage } from './messages.js'
import type { Departure, Failure, WorldState } from './world-state.js'

export interface MemberOptions {
  readonly state: WorldState
  readonly rank: number
  readonly silence: number
  /** This process, as people look for it. */
  readonly process: string
}

/** The watcher of any rank but 0: it holds a connection to rank 0's. */
export class Member {
  readonly #options: MemberOptions
  #link: Link | undefined
  #isOver = false

  constructor(options: MemberOptions) {
    this.#options = options
  }

  /** Tries all addresses of rank 0's host at once, and takes the first that answers. Rejects with why none did. */
  join({ addresses, port, token }: Meeting): Promise<void> {
    const { rank, process } = this.#options
    return new Promise((resolve, reject) => {
      const reasons: string[] = []
      for (const host of addresses) {
        const socket = connect({ host, port })
        let reason = 'it closed the connection'
        socket.once('error', ({ message }) => {
          reason = message
        })
        const link = new Link(
          socket,
          (message) => {
            if (message.type === 'welcome') this.#choose(link) ? resolve() : link.close()
            else if (link === this.#link) this.#hear(message)
          },
          () => {
            if (link === this.#link) return this.#parted()
            reasons.push(`${host}: ${reason}`)
            if (this.#link === undefined && reasons.length === addresses.length) reject(new Error(reasons.join(', ')))
          },
        )
        socket.once('connect', () => link.send({ type: 'hello', token, rank, process }))
      }
    })
  }

  tick(): void {
    if (this.#link === undefined || this.#isOver) return
    this.#link.send({ type: 'beat' })
    const { silence } = this.#options
    if (performance.now() - this.#link.heard <= silence) return
    this.#lose(`has given no sign of life for ${silence} ms; it is stopped, or its host cannot be reached.`)
  }

  forgive(): void {
    if (this.#link) this.#link.heard = performance.now()
  }

  fail(failure: Failure, done?: () => void): void {
    if (this.#options.state.fail(failure) && this.#link) this.#link.send({ type: 'fail', failure }, done)
    else done?.()
  }

  leave(departure: Departure): void {
    this.#link?.send({ type: 'left', departures: [departure] })
  }

  late(late: Late): void {
    this.#link?.send({ type: 'late', late })
  }

  end(done: () => void): void {
    this.#isOver = true
    if (this.#link) this.#link.send({ type: 'bye' }, done)
    else done()
  }

  #choose(link: Link): boolean {
    if (this.#link !== undefined) return false
    this.#link = link
    link.send({ type: 'chosen' })
    return true
  }

  #hear(message: WireMessage): void {
    const { state } = this.#options
    if (message.type === 'fail') state.fail(message.failure)
    else if (message.type === 'left') for (const departure of message.departures) state.noteDeparture(departure)
    else if (message.type === 'where') this.#link?.send({ type: 'here', progress: state.progress() })
    else if (message.type === 'bye') this.#isOver = true
  }

  #parted(): void {
    if (!this.#isOver) this.#lose('has ended.')
  }

  #lose(what: string): void {
    this.#isOver = true
    this.#options.state.fail({ code: 'LEVIN_WORKER_LOST', rank: 0, text: `rank 0 is lost: its process ${what}` })
  }
}
