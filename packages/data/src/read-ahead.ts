import { disposeTensors } from './tensors.js'

/** Where batches that have to be waited for come from. */
export interface AsyncSource {
  /** Starts the next batch; `undefined` when it is known that there is none. Errors come out of the promise. */
  start(): Promise<IteratorResult<unknown>> | undefined
  /** Nobody will ask any more. */
  close(): void | Promise<void>
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Keeps `depth` batches in preparation beyond the one that is asked for. Batches and errors come out in order; an error
 * ends the iteration. Whatever was prepared and nobody wants is freed.
 */
export function readAhead(source: AsyncSource, depth: number): AsyncIterator<unknown> {
  const queue: Promise<IteratorResult<unknown>>[] = []
  let ended = false
  let unanswered = 0
  const answered = (): void => {
    unanswered--
  }

  const fill = (length: number): void => {
    while (!ended && queue.length < length) {
      const next = source.start()
      if (!next) return
      // Whoever asks for the batch gets the error; until then it is not unhandled.
      unanswered++
      next.then(answered, answered)
      queue.push(next)
    }
  }
  const end = async (): Promise<void> => {
    ended = true
    const unused = queue.splice(0)
    await source.close()
    for (const result of await Promise.allSettled(unused)) {
      if (result.status === 'fulfilled' && !result.value.done) disposeTensors(result.value.value)
    }
  }
  const next = async (): Promise<IteratorResult<unknown>> => {
    if (ended) return END
    fill(1)
    const first = queue.shift()
    fill(depth)
    try {
      const result = first ? await first : END
      if (result.done) await end()
      return result
    } catch (error) {
      await end()
      throw error
    }
  }
  // Calls that come before the last one is answered wait for their turn.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    next: () => {
      const answer = turn.then(next, next)
      turn = answer
      return answer
    },
    async return() {
      const closing = end()
      // A source that may never answer, say a socket, must not hold up whoever leaves the loop.
      if (unanswered === 0) await closing
      else closing.catch(() => {})
      return END
    },
  }
}
