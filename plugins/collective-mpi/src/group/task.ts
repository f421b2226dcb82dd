import { LevinError } from '@levin/core'
import type { World } from '../world.js'
import type { Progress, Stage } from './progress.js'

/** How long whoever missed a deadline waits to learn who did not come. */
const INQUIRY = 700

/** What is said of an operation when its turn comes. */
export interface Begun {
  /** `allReduce (operation 7)` */
  readonly label: string
  /** Of the group's collectives; absent for messages, which others do not wait for. */
  readonly collective?: { readonly group: number; readonly members: readonly number[]; readonly sequence: number }
}

export interface TaskOptions {
  readonly progress: Progress
  readonly deadline: number
  /** Called when its turn comes. */
  readonly begin: () => Begun
}

/** One operation: it gets on when it is asked to, and ends with the world, or at its deadline. */
export class Task {
  stage: Stage = 'peers'
  readonly #world: World
  readonly #options: TaskOptions
  #begun: Begun | undefined
  #started = 0
  #departures = -1
  #askedAt: number | undefined

  constructor(world: World, options: TaskOptions) {
    this.#world = world
    this.#options = options
  }

  /**
   * Gets on as far as it can. Returns whether it is done.
   *
   * @param now if the clock is to be looked at
   */
  step(now?: number): boolean {
    this.#begun ??= this.#begin()
    const { state } = this.#world
    if (state.hasFailed) throw this.#abandoned(this.#world.failureError(this.#begun.label))
    if (state.departures !== this.#departures) this.#requireMembers(this.#begun)
    if (now !== undefined && now - this.#started > this.#options.deadline) return this.#missed(now, this.#begun)
    try {
      const { done, value } = this.#options.progress.next()
      if (!done) this.stage = value
      return done === true
    } catch (error) {
      throw this.#failed(error, this.#begun)
    }
  }

  #begin(): Begun {
    this.#started = performance.now()
    return this.#options.begin()
  }

  #requireMembers({ label, collective }: Begun): void {
    const { state } = this.#world
    this.#departures = state.departures
    const departed = collective && state.departed(collective.group, collective.sequence)
    if (departed === undefined) return
    throw this.#abandoned(
      new LevinError('LEVIN_WORKER_LOST', {
        message: `${label} waits for rank ${departed}, which has left the group.`,
        remedy: 'Let all ranks finish their collectives before one destroys the group.',
      }),
    )
  }

  /** Asks who did not come; the answer ends the world, and this with it. */
  #missed(now: number, { label, collective }: Begun): false {
    const { deadline } = this.#options
    const text = `rank ${this.#world.rank} waited ${deadline} ms in ${label} for`
    if (this.#askedAt === undefined) {
      this.#askedAt = now
      if (collective) this.#world.askWhoIsLate(collective, text)
    }
    if (collective && now - this.#askedAt < INQUIRY) return false
    this.#world.fail('LEVIN_TIMEOUT', `${text} other ranks.`)
    throw this.#abandoned(this.#world.failureError(label))
  }

  /** Others wait for a rank that goes no further in a collective. */
  #failed(error: unknown, { label, collective }: Begun): unknown {
    const isMpi = LevinError.isInstance(error, 'LEVIN_COLLECTIVE')
    if (collective !== undefined || isMpi) {
      const message = error instanceof Error ? error.message : String(error)
      this.#world.fail('LEVIN_COLLECTIVE', `rank ${this.#world.rank} failed in ${label}: ${message}`)
    }
    return this.#abandoned(error)
  }

  /** MPI may still write to its buffers: they stay where they are. */
  #abandoned<T>(error: T): T {
    this.#world.abandoned.push(this.#options.progress)
    return error
  }
}
