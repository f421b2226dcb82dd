import {
  type CheckpointContent,
  type CheckpointIO,
  LevinError,
  type SaveOptions,
  type StoredCheckpoint,
  type TensorRecord,
} from '@levin/core'

/** Checkpoints in memory: for tests of what saves and loads, without files. */
export class MemoryCheckpoints implements CheckpointIO {
  readonly name = 'memoryCheckpoints'
  readonly #stored = new Map<string, StoredCheckpoint>()
  readonly #pointers = new Map<string, string>()
  /** Every save and removal, as `save <location>`. */
  readonly log: string[] = []
  /** Set it to make saving and preparing fail, as on a full disk. */
  failure: Error | undefined

  /** Where there are checkpoints now. */
  get locations(): string[] {
    return [...this.#stored.keys()]
  }

  async save(
    location: string,
    { model, optimizer, trainer, manifest }: CheckpointContent,
    { replace = true }: SaveOptions = {},
  ): Promise<void> {
    // As text: what is no JSON, or changes later, would go unnoticed otherwise.
    const json = JSON.stringify(trainer)
    const stored = {
      location,
      facts: JSON.parse(JSON.stringify(manifest)) as StoredCheckpoint['facts'],
      trainer: JSON.parse(json) as StoredCheckpoint['trainer'],
      model: await collect(model),
      optimizer: optimizer && (await collect(optimizer)),
    }
    this.#check(location)
    if (!replace && this.#stored.has(location)) {
      throw new LevinError('LEVIN_CHECKPOINT_EXISTS', { message: `There is a checkpoint '${location}' already.` })
    }
    this.#stored.set(location, stored)
    this.log.push(`save ${location}`)
  }

  async load(location: string): Promise<StoredCheckpoint> {
    const found = this.#stored.get(location)
    if (found) return found
    throw new LevinError('LEVIN_CHECKPOINT_NOT_FOUND', {
      message: `There is no checkpoint '${location}'.`,
      found: this.locations.join(', ') || 'none at all',
    })
  }

  async remove(location: string): Promise<void> {
    if (this.#stored.delete(location)) this.log.push(`remove ${location}`)
  }

  async exists(location: string): Promise<boolean> {
    return this.#stored.has(location)
  }

  async point(folder: string, name: string, location: string): Promise<void> {
    this.#pointers.set(`${folder}/${name}`, location)
  }

  async resolve(folder: string, name: string): Promise<string | undefined> {
    return this.#pointers.get(`${folder}/${name}`)
  }

  async prepare(folder: string): Promise<void> {
    this.#check(folder)
  }

  #check(place: string): void {
    if (!this.failure) return
    throw new LevinError('LEVIN_FILES', {
      message: `Cannot write '${place}': ${this.failure.message}.`,
      remedy: 'Choose another folder.',
      cause: this.failure,
    })
  }
}

async function collect(
  records: Iterable<TensorRecord> | AsyncIterable<TensorRecord>,
): Promise<ReadonlyMap<string, TensorRecord>> {
  const all = new Map<string, TensorRecord>()
  for await (const record of records) {
    const data = (await record.data()).slice()
    all.set(record.name, { ...record, data: () => data.slice() })
  }
  return all
}
