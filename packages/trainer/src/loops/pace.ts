import { gatherRanks } from '../run/agreement.js'
import type { Run } from '../run/run.js'

/**
 * Whether an evaluation goes on to another batch. Within a fit it goes on to the end of the data, whatever each rank has of them:
 * ranks stop between windows. Elsewhere a stop ends it on all ranks before the same batch, so that each of them asks before every
 * batch that any of them has.
 */
export class Pace {
  readonly #run: Run
  /** Most batches that a rank has; `undefined` where some rank cannot know. */
  readonly #most: number | undefined

  private constructor(run: Run, most: number | undefined) {
    this.#run = run
    this.#most = most
  }

  /** @param limit batches at most on this rank; Infinity: unknown */
  static async of(run: Run, limit: number): Promise<Pace> {
    if (!isShared(run)) return new Pace(run, undefined)
    const limits = await gatherRanks(run.strategy, limit === Infinity ? null : limit)
    const known = limits.filter((each) => each !== null)
    return new Pace(run, known.length === limits.length ? Math.max(...known) : undefined)
  }

  /** @param hasNext whether this rank has another batch: where it has none it may have to wait for others that do */
  goesOn(batchIndex: number, hasNext: boolean): boolean | Promise<boolean> {
    if (isShared(this.#run)) return this.#agree(batchIndex, hasNext)
    return hasNext && !(this.#run.kind !== 'fit' && this.#run.stopping)
  }

  async #agree(batchIndex: number, hasNext: boolean): Promise<boolean> {
    const { strategy, askedStop } = this.#run
    const more =
      this.#most === undefined
        ? (await strategy.reduce(Float64Array.of(hasNext ? 1 : 0), 'max'))[0] === 1
        : batchIndex < this.#most
    if (!more) return false
    const { stop, message } = await strategy.agree(
      askedStop ? { stop: askedStop.reason, message: askedStop.message } : {},
    )
    if (stop) this.#run.adoptStop({ reason: stop, message: typeof message === 'string' ? message : '' })
    return !this.#run.stopping
  }
}

const isShared = ({ kind, rank }: Run): boolean => kind !== 'fit' && rank.worldSize > 1
