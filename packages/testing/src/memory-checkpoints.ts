import {
  type CheckpointContent,
  type CheckpointIO,
  type CheckpointPart,
  joinSlices,
  LevinError,
  type PartReceipt,
  type SaveOptions,
  type SharedSaves,
  type StoredCheckpoint,
  type TensorRecord,
} from '@levin/core'
import { received, type SentTensor, sent } from './sent-tensors.js'

/** A checkpoint as plain data, for ranks whose memory is another one. */
export interface SentCheckpoint extends Omit<StoredCheckpoint, 'model' | 'optimizer'> {
  readonly model: readonly SentTensor[]
  readonly optimizer: readonly SentTensor[] | null
}

interface Receipt extends PartReceipt {
  readonly count: number
  readonly model: readonly SentTensor[]
  readonly optimizer: readonly SentTensor[] | null
}

/**
 * Checkpoints in memory: for tests of what saves and loads, without files. Ranks in threads of their own have each their own
 * memory: the tensors of a part travel in its receipt, and {@link send} and {@link receive} bring a checkpoint to the others.
 */
export class MemoryCheckpoints implements CheckpointIO {
  readonly name = 'memoryCheckpoints'
  readonly #stored = new Map<string, StoredCheckpoint>()
  readonly #pointers = new Map<string, string>()
  #begun = 0
  /** Every save and removal, as `save <location>`. */
  readonly log: string[] = []
  /** Set it to make saving and preparing fail, as on a full disk. */
  failure: Error | undefined

  /** Where there are checkpoints now. */
  get locations(): string[] {
    return [...this.#stored.keys()]
  }

  readonly shared: SharedSaves = {
    begin: async (location, { replace = true } = {}) => {
      this.#check(location)
      this.#requireFree(location, replace)
      return `save-${++this.#begun}`
    },
    write: async (location, part) => {
      const receipt = await receiptOf(part)
      this.#check(location)
      return receipt
    },
    complete: async (location, content, parts, { replace = true } = {}) => {
      const receipts = requireAllParts(location, parts as readonly Receipt[])
      const joined = (kind: 'model' | 'optimizer') =>
        joinSlices(
          receipts.flatMap((receipt) => (receipt[kind] ?? []).map(received)),
          location,
        )
      const optimizer = receipts[0]?.optimizer ? joined('optimizer') : undefined
      this.#put(location, { model: joined('model'), optimizer, ...summary(content) }, replace)
    },
    abandon: async (location, save) => void this.log.push(`abandon ${save} of ${location}`),
  }

  async save(location: string, content: CheckpointContent, { replace = true }: SaveOptions = {}): Promise<void> {
    const { model, optimizer } = content
    const facts = summary(content)
    const tensors = {
      model: joinSlices(await collect(model), location),
      optimizer: optimizer && joinSlices(await collect(optimizer), location),
    }
    this.#put(location, { ...tensors, ...facts }, replace)
  }

  #put(location: string, stored: Omit<StoredCheckpoint, 'location'>, replace: boolean): void {
    this.#check(location)
    this.#requireFree(location, replace)
    this.#stored.set(location, { location, ...stored })
    this.log.push(`save ${location}`)
  }

  #requireFree(location: string, replace: boolean): void {
    if (replace || !this.#stored.has(location)) return
    throw new LevinError('LEVIN_CHECKPOINT_EXISTS', { message: `There is a checkpoint '${location}' already.` })
  }

  async load(location: string): Promise<StoredCheckpoint> {
    const found = this.#stored.get(location)
    if (found) return found
    throw new LevinError('LEVIN_CHECKPOINT_NOT_FOUND', {
      message: `There is no checkpoint '${location}'.`,
      found: this.locations.join(', ') || 'none at all',
    })
  }

  /** A checkpoint of this memory, for another one to {@link receive}. */
  async send(location: string): Promise<SentCheckpoint> {
    const { model, optimizer, ...rest } = await this.load(location)
    return { ...rest, model: await sent(model.values()), optimizer: optimizer ? await sent(optimizer.values()) : null }
  }

  receive({ location, model, optimizer, ...rest }: SentCheckpoint): void {
    const records = (tensors: readonly SentTensor[]) => joinSlices(tensors.map(received), location)
    this.#stored.set(location, {
      location,
      ...rest,
      model: records(model),
      optimizer: optimizer ? records(optimizer) : undefined,
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

// As text: what is no JSON, or changes later, would go unnoticed otherwise.
const summary = ({ trainer, manifest }: Pick<CheckpointContent, 'trainer' | 'manifest'>) => ({
  facts: JSON.parse(JSON.stringify(manifest)) as StoredCheckpoint['facts'],
  trainer: JSON.parse(JSON.stringify(trainer)) as StoredCheckpoint['trainer'],
})

async function receiptOf({ save, index, count, model, optimizer }: CheckpointPart): Promise<Receipt> {
  return { save, index, count, model: await sent(model), optimizer: optimizer ? await sent(optimizer) : null }
}

function requireAllParts(location: string, receipts: readonly Receipt[]): readonly Receipt[] {
  const [first] = receipts
  const complete = Array.from({ length: first?.count ?? 1 }, (_, index) =>
    receipts.filter((receipt) => receipt.save === first?.save && receipt.index === index),
  ).every(({ length }) => length === 1)
  if (complete && receipts.length === first?.count) return receipts
  throw new LevinError('LEVIN_CHECKPOINT_CORRUPT', {
    message: `The save of '${location}' lacks a part, or has one of another save.`,
    found: receipts.map(({ save, index, count }) => `${index + 1}/${count} of ${save}`).join(', '),
  })
}

async function collect(records: Iterable<TensorRecord> | AsyncIterable<TensorRecord>): Promise<TensorRecord[]> {
  const all: TensorRecord[] = []
  const names = new Set<string>()
  for await (const record of records) {
    if (names.has(record.name) && !record.slice)
      throw new LevinError('LEVIN_BAD_OPTION', { message: `'${record.name}' is there twice.` })
    names.add(record.name)
    const data = (await record.data()).slice()
    all.push({
      ...record,
      data: () => data.slice(),
      range: async (start, length) => data.slice(start, start + length),
    })
  }
  return all
}
