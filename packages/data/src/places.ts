import type { BatchPlace } from '@levin/core'

/** Remembers where the batches of a shard lie in their global batches, as long as somebody holds them. */
export class Places {
  readonly #places = new WeakMap<object, BatchPlace>()

  /** Gives the batch back. */
  note(batch: unknown, place: BatchPlace): unknown {
    if (typeof batch === 'object' && batch !== null) this.#places.set(batch, place)
    return batch
  }

  of(batch: unknown): BatchPlace | undefined {
    return typeof batch === 'object' && batch !== null ? this.#places.get(batch) : undefined
  }
}
