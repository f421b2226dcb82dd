import { describe, disposeAll, LevinError, type Loader, type LoaderLike } from '@levin/core'
import type { BatchLimit } from '../trainer-options.js'
import { tensorsOf } from './device-batch.js'
import type { StagedBatches } from './staged-batches.js'

/** Loaders that have yielded a batch. */
const READ = new WeakSet<Loader>()

/** Whether a loader has yielded batches before: one that gives none now can be read once only. */
export const wasRead = (loader: Loader): boolean => READ.has(loader)

/**
 * The batches of one loader for one epoch: limited, counted, and read one ahead, so that everybody knows which batch is
 * the last. Synchronous loaders are read without a promise.
 */
export class BatchSource {
  readonly loader: Loader
  readonly #next: () => IteratorResult<unknown> | Promise<IteratorResult<unknown>>
  readonly #close: (() => unknown) | undefined
  readonly #limit: number
  readonly #owned: boolean
  readonly #staged: StagedBatches | undefined
  #ahead: IteratorResult<unknown> | undefined
  #taken = 0

  /** @param staged where the loader makes its batches, if it can. Then each is uploaded before the next is taken. */
  constructor(loader: Loader, limit: number, staged?: StagedBatches) {
    const iterator =
      (staged && loader.iterateStaged?.(staged.staging)) ??
      loader[Symbol.iterator]?.() ??
      loader[Symbol.asyncIterator]?.()
    if (!iterator) throw notALoader(loader)
    this.loader = loader
    this.#staged = staged
    this.#next = () => iterator.next()
    this.#close = iterator.return ? () => iterator.return?.() : undefined
    this.#limit = limit
    this.#owned = ownsBatches(loader)
  }

  /**
   * Reads the first batch ahead.
   *
   * @param skip batches to read and let go first: how a loader that cannot be sought comes to its place
   */
  async start(skip = 0): Promise<this> {
    try {
      for (let i = 0; i < skip; i++) {
        const { value, done } = await this.#next()
        if (done) break
        if (this.#owned) disposeAll(tensorsOf(value))
        this.#staged?.release()
      }
      if (this.#limit > 0) this.#ahead = await this.#next()
      if (this.hasNext) READ.add(this.loader)
      return this
    } catch (error) {
      this.#staged?.release()
      throw error
    }
  }

  /** Whether {@link take} has another batch. */
  get hasNext(): boolean {
    return this.#taken < this.#limit && this.#ahead !== undefined && !this.#ahead.done
  }

  /** The next batch. Reads on, so that {@link hasNext} is right when this returns. */
  take(): unknown | Promise<unknown> {
    const batch = this.#ahead?.value
    this.#staged?.advance()
    this.#taken++
    if (this.#taken >= this.#limit) {
      this.#ahead = undefined
      return batch
    }
    const next = this.#next()
    if (next instanceof Promise) {
      return next.then((result) => {
        this.#ahead = result
        return batch
      })
    }
    this.#ahead = next
    return batch
  }

  /** The batch that was taken is on the device. */
  settle(): void {
    this.#staged?.settle()
  }

  /** Lets the loader go before its end. */
  async close(): Promise<void> {
    this.#staged?.release()
    if (this.#ahead?.done) return
    if (this.#owned) disposeAll(tensorsOf(this.#ahead?.value))
    this.#ahead = undefined
    await this.#close?.()
  }
}

/** How many batches a limit allows; `undefined` where the loader's length is unknown and nothing bounds it. */
export function countBatches(loader: Loader, limit: BatchLimit, what: string): number | undefined {
  const length = loader.batchCount ?? (Array.isArray(loader) ? loader.length : undefined)
  if (typeof limit === 'number') return length === undefined ? limit : Math.min(length, limit)
  if (limit.fraction === 1) return length
  if (limit.fraction === 0) return 0
  if (length === undefined) {
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `${what} is a fraction, and the loader does not know its length.`,
      remedy: 'Give a number of batches, or a loader with batchCount.',
    })
  }
  const count = Math.floor(length * limit.fraction)
  if (count > 0 || length === 0) return count
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `${what} is ${limit.fraction} of ${length} batches, which is less than one.`,
    remedy: `Use at least { fraction: ${Math.ceil(1000 / length) / 1000} }.`,
  })
}

/** Takes a loader, an array of batches, a generator, or any iterable of batches. */
export function asLoader(source: LoaderLike, what: string): Loader {
  if (typeof source === 'object' && source !== null && (Symbol.iterator in source || Symbol.asyncIterator in source))
    return source as Loader
  throw notALoader(source, what)
}

/** Whether the batches' tensors are the Trainer's to free. */
export const ownsBatches = (loader: Loader): boolean => loader.ownsBatches ?? !Array.isArray(loader)

const notALoader = (found: unknown, what = 'A loader'): LevinError =>
  new LevinError('LEVIN_DATA', {
    message: `${what} cannot be iterated.`,
    expected: 'a DataLoader, an array of batches, or another iterable',
    found: describe(found),
  })
