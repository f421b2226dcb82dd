import type { World } from '../world.js'
import { Task, type TaskOptions } from './task.js'
import { finishBlocking } from './waiting.js'

interface Pending {
  readonly task: Task
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Operations of one order: each begins when the one before is done. A blocking one first brings those before it to their end.
 */
export class OperationQueue {
  readonly #world: World
  readonly #pending: Pending[] = []
  /** Whether a blocking operation goes on, during which the poller must not begin the next. */
  #isHeld = false

  constructor(world: World) {
    this.#world = world
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  get stage(): Task['stage'] | undefined {
    return this.#pending[0]?.task.stage
  }

  /** Runs to the end before it returns. */
  run(options: TaskOptions): void {
    this.#isHeld = true
    try {
      for (let first = this.#pending.shift(); first !== undefined; first = this.#pending.shift()) this.#finish(first)
      finishBlocking(this.#world, new Task(this.#world, options))
    } finally {
      this.#isHeld = false
    }
  }

  /** Brings everything that is under way to its end. Throws what failed first. */
  drain(): void {
    this.#isHeld = true
    const errors: unknown[] = []
    for (let first = this.#pending.shift(); first !== undefined; first = this.#pending.shift()) {
      errors.push(...this.#finish(first))
    }
    this.#isHeld = false
    if (errors.length > 0) throw errors[0]
  }

  add(options: TaskOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ task: new Task(this.#world, options), resolve, reject })
      this.#world.poller.add(this)
    })
  }

  /** Lets the first operations get on. Returns whether any is left. */
  step(now: number): boolean {
    if (this.#isHeld) return this.#pending.length > 0
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      try {
        if (!first.task.step(now)) return true
        this.#pending.shift()
        first.resolve()
      } catch (error) {
        this.#pending.shift()
        first.reject(error)
      }
    }
    return false
  }

  /** Ends everything that is under way. */
  fail(error: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(error)
  }

  /** Returns what it failed with, if it did. */
  #finish({ task, resolve, reject }: Pending): readonly unknown[] {
    try {
      finishBlocking(this.#world, task)
      resolve()
      return []
    } catch (error) {
      reject(error)
      return [error]
    }
  }
}
