import type { BatchPlace } from '@levin/core'
import { type Assembly, emptied } from './assembly.js'
import { partOf } from './batch-slices.js'
import type { IterableDataset } from './dataset.js'
import type { Epoch } from './epoch.js'
import { dataError } from './errors.js'
import type { Places } from './places.js'
import { samplesOf } from './samples-of.js'
import { disposeTensors } from './tensors.js'

/**
 * The batches of one pass over a dataset that is read from its beginning.
 *
 * Every worker reads all of it and keeps its part of each global batch. A position is found again by reading on.
 */
export class IterableBatches {
  constructor(
    private readonly dataset: IterableDataset<unknown>,
    private readonly assembly: Assembly,
    private readonly epoch: Epoch,
    /** Absent where one worker has all. */
    private readonly places: Places | undefined,
  ) {}

  *now(): Generator<unknown> {
    const collector = new Collector(this.epoch, this.dataset.sampleCount)
    try {
      for (const sample of samplesOf(this.dataset, this.epoch)) {
        const part = collector.add(sample)
        if (part) yield this.placed(this.assembly.now(part.samples, part), part)
      }
      const rest = collector.end()
      if (rest) yield this.placed(this.assembly.now(rest.samples, rest), rest)
    } finally {
      collector.dispose()
    }
  }

  async *later(): AsyncGenerator<unknown> {
    const collector = new Collector(this.epoch, this.dataset.sampleCount)
    try {
      for await (const sample of this.dataset.open(this.epoch)) {
        const part = collector.add(sample)
        if (part) yield this.placed(await this.assembly.later(part.samples, part), part)
      }
      const rest = collector.end()
      if (rest) yield this.placed(await this.assembly.later(rest.samples, rest), rest)
    } finally {
      collector.dispose()
    }
  }

  private placed(made: unknown, { empty, place }: Part): unknown {
    const batch = empty ? emptied(made) : made
    return this.places ? this.places.note(batch, place) : batch
  }
}

/** One worker's samples of a global batch. */
interface Part {
  readonly samples: readonly unknown[]
  readonly indices: ArrayLike<number>
  readonly epoch: number
  readonly seed: number
  /** The worker has none of them: the sample is there to make an empty batch of. */
  readonly empty: boolean
  readonly place: BatchPlace
}

/** Gathers samples until a global batch is full. */
class Collector {
  private readonly globalBatch: number
  private samples: unknown[] = []
  private read = 0

  constructor(
    private readonly epoch: Epoch,
    private readonly expected: number | undefined,
  ) {
    this.globalBatch = epoch.slicing.batchSize * epoch.slicing.shard.count
  }

  add(sample: unknown): Part | undefined {
    if (this.expected !== undefined && this.read >= this.expected) throw wrongCount(this.expected, 'more')
    this.read++
    const { start, slicing } = this.epoch
    if (this.read <= (slicing.offset ?? 0) + start * this.globalBatch) {
      disposeTensors(sample)
      return undefined
    }
    this.samples.push(sample)
    return this.samples.length === this.globalBatch ? this.part() : undefined
  }

  end(): Part | undefined {
    if (this.expected !== undefined && this.read < this.expected) throw wrongCount(this.expected, `${this.read}`)
    if (this.samples.length === 0 || this.epoch.slicing.dropLast) return undefined
    return this.part()
  }

  /** Frees what will not be used. */
  dispose(): void {
    disposeTensors(this.samples)
    this.samples = []
  }

  private part(): Part | undefined {
    const { slicing, epoch, seed } = this.epoch
    const all = this.samples
    this.samples = []
    const first = this.read - all.length
    const { start, end } = partOf(all.length, slicing.shard)
    const empty = start === end
    const kept = empty ? { start: 0, end: slicing.shard.even ? 1 : 0 } : { start, end }
    all.forEach((sample, i) => {
      if (i < kept.start || i >= kept.end) disposeTensors(sample)
    })
    if (kept.start === kept.end) return undefined
    const samples = all.slice(kept.start, kept.end)
    const indices = samples.map((_, i) => first + kept.start + i)
    return { samples, indices, epoch, seed, empty, place: { first: start, total: all.length } }
  }
}

const wrongCount = (expected: number, found: string) =>
  dataError({
    message: 'The dataset is not as long as it says.',
    expected: `${expected} samples, its sampleCount`,
    found,
    remedy: 'Correct sampleCount, or leave it out.',
  })
