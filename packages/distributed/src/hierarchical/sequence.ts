import { LevinError, type ProcessGroup } from '@levin/core'
import type { Step, Steps } from './steps.js'

/** One operation of a group of two levels. */
export interface Operation {
  readonly steps: Steps
  /** Milliseconds. */
  readonly deadline: number
  /** What an error of a step becomes. */
  readonly explain: (error: unknown, group: ProcessGroup) => unknown
}

interface Pending {
  readonly operation: Operation
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  /** The step under way. */
  step: Step | undefined
  /** A blocking operation has brought it to its end. */
  isTaken: boolean
}

/**
 * Operations one after the other, each with all its steps: the levels' collectives come in one order on all ranks then. A
 * blocking one first brings those under way to their end.
 */
export class Sequence {
  readonly #pending: Pending[] = []
  #isPumping = false

  run(operation: Operation): void {
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) this.#take(first)
    block(operation)
  }

  drain(): void {
    const errors: unknown[] = []
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) errors.push(...this.#take(first))
    if (errors.length > 0) throw errors[0]
  }

  add(operation: Operation): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ operation, resolve, reject, step: undefined, isTaken: false })
      if (!this.#isPumping) void this.#pump()
    })
  }

  /** Ends everything that is under way. */
  fail(error: unknown): void {
    for (const pending of this.#pending.splice(0)) {
      pending.isTaken = true
      pending.reject(error)
    }
  }

  async #pump(): Promise<void> {
    this.#isPumping = true
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) await this.#follow(first)
    this.#isPumping = false
  }

  async #follow(pending: Pending): Promise<void> {
    const { steps, deadline, explain } = pending.operation
    try {
      for (const step of steps) {
        pending.step = step
        await step.run(step.group.asynchronous, { deadline: deadline + step.slack })
        if (pending.isTaken) return
      }
      this.#pending.shift()
      pending.resolve()
    } catch (error) {
      if (pending.isTaken) return
      this.#pending.shift()
      pending.reject(pending.step ? explain(error, pending.step.group) : error)
    }
  }

  /** Goes on with it where it is, without an event loop. Returns what it failed with, if it did. */
  #take(pending: Pending): readonly unknown[] {
    pending.isTaken = true
    this.#pending.shift()
    const { operation, step } = pending
    try {
      if (step) drainStep(step, operation)
      block(operation)
      pending.resolve()
      return []
    } catch (error) {
      pending.reject(error)
      return [error]
    }
  }
}

function drainStep({ group }: Step, { explain }: Operation): void {
  if (!group.drain) {
    throw new LevinError('LEVIN_NOT_SUPPORTED', {
      message:
        'A blocking operation was called while another one is under way, in a group that cannot bring it to its end.',
      remedy: 'Await those under way first.',
    })
  }
  try {
    group.drain()
  } catch (error) {
    throw explain(error, group)
  }
}

function block({ steps, deadline, explain }: Operation): void {
  for (let next = steps.next(); !next.done; next = steps.next()) {
    const { group, slack, run } = next.value
    try {
      if (group.blocking) run(group.blocking, { deadline: deadline + slack })
    } catch (error) {
      throw explain(error, group)
    }
  }
}
