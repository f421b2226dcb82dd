import { createServer, type Server, type Socket } from 'node:net'
import { Link } from './link.js'
import type { Late, WireMessage } from './messages.js'
import type { Departure, Failure, Progress, WorldState } from './world-state.js'

/** How long a stranger may be silent before it is shown out. */
const GREETING = 10_000
/** How long the hub asks around who did not come. */
const INQUIRY = 200

interface Member {
  readonly link: Link
  /** Its process, as people look for it. */
  readonly process: string
  isLeaving: boolean
}

export interface HubOptions {
  readonly state: WorldState
  /** Processes of the world. */
  readonly size: number
  readonly token: string
  readonly silence: number
  /** All others are there. */
  readonly onComplete: () => void
}

/**
 * Rank 0's watcher: the others' hold a connection to it, so that a world of n processes has n − 1 of them, and a failure
 * reaches everybody in two steps.
 */
export class Hub {
  readonly #options: HubOptions
  readonly #members = new Map<number, Member>()
  readonly #inquiries = new Set<Inquiry>()
  readonly #server: Server
  #departures: Departure[] = []

  constructor(options: HubOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#greet(socket))
  }

  listen(host: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port: 0, host, backlog: 4096 }, () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  /** Signs of life, in both directions, and what has gathered since the last. */
  tick(): void {
    const departures = this.#departures.splice(0)
    if (departures.length > 0) this.#spread({ type: 'left', departures })
    this.#spread({ type: 'beat' })
    const { silence } = this.#options
    for (const [rank, { link, process, isLeaving }] of this.#members) {
      if (isLeaving || performance.now() - link.heard <= silence) continue
      this.fail({
        code: 'LEVIN_WORKER_LOST',
        rank,
        text: `rank ${rank} is lost: ${process} has given no sign of life for ${silence} ms; it is stopped, or its host cannot be reached.`,
      })
    }
  }

  /** After this thread itself was held up: nobody can be blamed for the time before. */
  forgive(): void {
    for (const { link } of this.#members.values()) link.heard = performance.now()
  }

  fail(failure: Failure, done?: () => void): void {
    if (this.#options.state.fail(failure)) this.#spread({ type: 'fail', failure }, done)
    else done?.()
  }

  leave(departure: Departure): void {
    this.#options.state.noteDeparture(departure)
    this.#departures.push(departure)
  }

  /** Finds out who did not come, and ends the world with that. */
  late(late: Late): void {
    const { state, size } = this.#options
    const inquiry = new Inquiry(late, size, ({ rank, text }) => {
      this.#inquiries.delete(inquiry)
      this.fail({ code: 'LEVIN_TIMEOUT', rank, text })
    })
    this.#inquiries.add(inquiry)
    inquiry.note(0, state.progress())
    this.#spread({ type: 'where' })
  }

  end(done: () => void): void {
    this.#server.close()
    this.#spread({ type: 'bye' }, () => {
      for (const { link } of this.#members.values()) link.close()
      done()
    })
  }

  #spread(message: WireMessage, done?: () => void): void {
    let waiting = this.#members.size
    if (waiting === 0) done?.()
    for (const { link } of this.#members.values()) link.send(message, () => --waiting === 0 && done?.())
  }

  /** A connection becomes a member's once it has named the token, and been chosen among those that it tried. */
  #greet(socket: Socket): void {
    let greeting: { readonly rank: number; readonly process: string } | undefined
    let member: Member | undefined
    const timer = setTimeout(() => member ?? socket.destroy(), GREETING)
    const link = new Link(
      socket,
      (message) => {
        if (member !== undefined && greeting !== undefined) return this.#hear(greeting.rank, member, message)
        if (message.type === 'hello' && message.token === this.#options.token) {
          greeting = message
          link.send({ type: 'welcome' })
        } else if (message.type === 'chosen' && greeting !== undefined) {
          member = { link, process: greeting.process, isLeaving: false }
          this.#admit(greeting.rank, member)
        } else link.close()
      },
      () => {
        clearTimeout(timer)
        if (member !== undefined && greeting !== undefined) this.#part(greeting.rank, member)
      },
    )
  }

  #admit(rank: number, member: Member): void {
    this.#members.set(rank, member)
    const { failure } = this.#options.state
    if (failure) member.link.send({ type: 'fail', failure })
    if (this.#members.size === this.#options.size - 1) this.#options.onComplete()
  }

  #part(rank: number, member: Member): void {
    this.#members.delete(rank)
    if (member.isLeaving) return
    this.fail({ code: 'LEVIN_WORKER_LOST', rank, text: `rank ${rank} is lost: ${member.process} has ended.` })
  }

  #hear(rank: number, member: Member, message: WireMessage): void {
    if (message.type === 'fail') this.fail(message.failure)
    else if (message.type === 'left') for (const departure of message.departures) this.leave(departure)
    else if (message.type === 'late') this.late(message.late)
    else if (message.type === 'here') for (const inquiry of this.#inquiries) inquiry.note(rank, message.progress)
    else if (message.type === 'bye') member.isLeaving = true
  }
}

/** One question to all members: which operation have you begun? */
class Inquiry {
  readonly #late: Late
  readonly #size: number
  readonly #answers = new Map<number, readonly Progress[]>()
  readonly #done: (outcome: { rank: number; text: string }) => void
  readonly #timer: NodeJS.Timeout
  #isDone = false

  constructor(late: Late, size: number, done: (outcome: { rank: number; text: string }) => void) {
    this.#late = late
    this.#size = size
    this.#done = done
    this.#timer = setTimeout(() => this.#conclude(), INQUIRY)
  }

  note(rank: number, progress: readonly Progress[]): void {
    this.#answers.set(rank, progress)
    if (this.#answers.size === this.#size) this.#conclude()
  }

  #conclude(): void {
    if (this.#isDone) return
    this.#isDone = true
    clearTimeout(this.#timer)
    const { members, group, sequence, rank, text } = this.#late
    const missing = members.filter((member) => {
      const progress = this.#answers.get(member)?.find(([id]) => id === group)
      return progress === undefined || progress[1] < sequence
    })
    this.#done({ rank: missing[0] ?? rank, text: `${text} ${nameRanks(missing)}.` })
  }
}

function nameRanks(ranks: readonly number[]): string {
  if (ranks.length === 0) return 'ranks that have all begun it, and do not get on'
  return ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks.join(', ')}`
}
