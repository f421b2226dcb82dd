import type { Block } from './block.js'
import { begin, end, type UnderWay } from './under-way.js'
import type { Progress } from './wait.js'
import { type Operation, requireWorld, waitBlocking, waitYielding } from './waiting.js'

interface Pending {
  readonly progress: Progress
  readonly name: string
  readonly deadline: number
  /** From when it is its turn. */
  operation: Operation | undefined
  settle(error?: unknown): void
  settled: boolean
}

/**
 * Operations of one kind of order: each begins when the one before is done. Those without blocking make progress while the
 * event loop turns; a blocking one first brings those before it to their end.
 */
export class OperationQueue implements UnderWay {
  readonly #block: Block
  readonly #spin: number
  readonly #pending: Pending[] = []
  #pumping = false
  /** Whether one of its own operations blocks, before whose end the next must not begin. */
  #isHeld = false

  constructor(block: Block, spin: number) {
    this.#block = block
    this.#spin = spin
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** Runs to the end before it returns. */
  run(progress: Progress, name: string, deadline: number): void {
    while (this.#pending.length > 0) this.#finishFirst()
    this.#drive(progress, this.#operation(name, deadline))
  }

  /** Brings everything that is under way to its end. Throws what failed first. */
  drain(): void {
    const errors: unknown[] = []
    while (this.#pending.length > 0) errors.push(...this.#finishFirst())
    if (errors.length > 0) throw errors[0]
  }

  advance(): void {
    if (this.#isHeld) return
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      try {
        const { name, sequence } = this.#begun(first)
        requireWorld(this.#block, name, sequence)
        if (!first.progress.next().done) return
        this.#pending.shift()
        first.settle()
      } catch (error) {
        this.#pending.shift()
        first.settle(error)
      }
    }
  }

  add(progress: Progress, name: string, deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        progress,
        name,
        deadline,
        operation: undefined,
        settled: false,
        settle(error) {
          pending.settled = true
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      this.#pending.push(pending)
      if (!this.#pumping) void this.#pump()
    })
  }

  /** Ends everything that is under way. */
  fail(error: unknown): void {
    for (const pending of this.#pending.splice(0)) pending.settle(error)
  }

  #operation(name: string, deadline: number): Operation {
    return { name, sequence: this.#block.sequence + 1, deadline, started: performance.now() }
  }

  #begun(pending: Pending): Operation {
    pending.operation ??= this.#operation(pending.name, pending.deadline)
    return pending.operation
  }

  #drive(progress: Progress, operation: Operation): void {
    requireWorld(this.#block, operation.name, operation.sequence)
    this.#isHeld = true
    try {
      for (let next = progress.next(); !next.done; next = progress.next())
        waitBlocking(this.#block, next.value, operation, this.#spin)
    } finally {
      this.#isHeld = false
    }
  }

  /** Returns what it failed with, if it did. */
  #finishFirst(): readonly unknown[] {
    const first = this.#pending.shift() as Pending
    try {
      this.#drive(first.progress, this.#begun(first))
      first.settle()
      return []
    } catch (error) {
      first.settle(error)
      return [error]
    }
  }

  // A promise of waitAsync does not keep a process alive; an interval does.
  async #pump(): Promise<void> {
    this.#pumping = true
    begin(this)
    const alive = setInterval(() => {}, 1_000)
    try {
      for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) await this.#pumpOne(first)
    } finally {
      clearInterval(alive)
      end(this)
      this.#pumping = false
    }
  }

  async #pumpOne(pending: Pending): Promise<void> {
    try {
      const operation = this.#begun(pending)
      requireWorld(this.#block, operation.name, operation.sequence)
      for (;;) {
        // A blocking operation may have finished it meanwhile.
        if (pending.settled) return
        const next = pending.progress.next()
        if (next.done) break
        await waitYielding(this.#block, next.value, operation, this.#spin)
      }
      this.#pending.shift()
      pending.settle()
    } catch (error) {
      if (pending.settled) return
      this.#pending.shift()
      pending.settle(error)
    }
  }
}
