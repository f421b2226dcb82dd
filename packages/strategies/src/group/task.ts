import type { AnyCollectives } from './plain-data.js'

/** Where a task meets the other ranks, or waits for something else: a promise is waited for, everything else is done at once. */
export type Pause = (collectives: AnyCollectives) => void | Promise<void>

/**
 * Work with collectives in it, written once for groups that block and for groups that do not: it yields where it would call
 * one.
 */
export type Task<T = void> = Generator<Pause, T, void>

/**
 * Runs a task to its end. As long as nothing is waited for it runs within the call, and gives its result instead of a promise. An
 * error of a collective is thrown inside the task, at the place where it was called.
 */
export function drive<T>(task: Task<T>, collectives: AnyCollectives): T | Promise<T> {
  return proceed(task, () => task.next(), collectives)
}

function proceed<T>(task: Task<T>, first: () => IteratorResult<Pause, T>, collectives: AnyCollectives): T | Promise<T> {
  let resume = first
  for (;;) {
    const next = resume()
    if (next.done) return next.value
    try {
      const waiting = next.value(collectives)
      if (waiting) {
        return waiting.then(
          () => proceed(task, () => task.next(), collectives),
          (error: unknown) => proceed(task, () => task.throw(error), collectives),
        )
      }
      resume = () => task.next()
    } catch (error) {
      resume = () => task.throw(error)
    }
  }
}
