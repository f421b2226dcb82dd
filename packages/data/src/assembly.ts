import { type HostTensor, isHostTensor } from '@levin/core'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { collate } from './collate.js'
import type { AnyOptions } from './data-loader-options.js'
import type { Allocate, DatasetTraits } from './dataset.js'
import { required } from './samples-of.js'
import { disposeTensors, isTensor } from './tensors.js'

/** Where the samples of a batch stand. */
export interface Place {
  readonly indices: ArrayLike<number>
  readonly epoch: number
  readonly seed: number
}

/** Makes batches of samples: transform, collate, transform the batch. */
export class Assembly {
  constructor(
    private readonly options: AnyOptions,
    private readonly traits: DatasetTraits,
    /** Where the host tensors of batches come from. */
    readonly allocate: Allocate,
  ) {}

  /** Whether a batch that a dataset has stacked itself is what would be made here of its samples. */
  get keepsStacking(): boolean {
    const { transform, collate, batchSize } = this.options
    return !transform && !collate && batchSize !== null
  }

  /** A batch of samples that are here already. */
  now(samples: readonly unknown[], place: Place): unknown {
    const { transform } = this.options
    const changed = transform ? samples.map((sample, i) => required(transform(sample, at(place, i)))) : samples
    return this.finishNow(required(this.stack(changed, place)))
  }

  finishNow(batch: unknown): unknown {
    const { transformBatch } = this.options
    return transformBatch ? required(transformBatch(batch)) : batch
  }

  /** A batch of samples that may have to be waited for. */
  async later(samples: readonly unknown[], place: Place): Promise<unknown> {
    const { transform } = this.options
    const changed = samples.map(async (sample, i) => (transform ? transform(await sample, at(place, i)) : sample))
    return this.finishLater(await this.stack(await allOrNone(changed), place))
  }

  async finishLater(batch: unknown): Promise<unknown> {
    const { transformBatch } = this.options
    return transformBatch ? transformBatch(await batch) : batch
  }

  private stack(samples: readonly unknown[], { indices }: Place): unknown {
    if (this.options.batchSize === null) return samples[0]
    return this.options.collate
      ? this.options.collate(samples)
      : collate(samples, { dtypes: this.traits.dtypes, indices, allocate: this.allocate })
  }
}

const at = ({ indices, epoch, seed }: Place, position: number) => ({ index: indices[position] as number, epoch, seed })

/** All values, or the first error once every other one has arrived and its tensors are freed. */
async function allOrNone(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises)
  const failed = settled.find((result) => result.status === 'rejected')
  if (!failed) return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value)
  for (const result of settled) if (result.status === 'fulfilled') disposeTensors(result.value)
  throw failed.reason
}

/**
 * A batch of no samples in the structure of `batch`, whose tensors are disposed: for workers that have nothing of the
 * last global batch, but take part in its step.
 */
export function emptied(batch: unknown): unknown {
  if (typeof batch !== 'object' || batch === null || ArrayBuffer.isView(batch)) return batch
  if (isHostTensor(batch)) return batch.shape.length === 0 ? batch : withoutRows(batch)
  if (isTensor(batch)) return emptiedTensor(batch)
  if (Array.isArray(batch)) return batch.every((item) => typeof item === 'string') ? [] : batch.map(emptied)
  return Object.fromEntries(Object.entries(batch).map(([key, value]) => [key, emptied(value)]))
}

const withoutRows = ({ data, shape, dtype }: HostTensor): HostTensor => ({
  data: data.slice(0, 0),
  shape: [0, ...shape.slice(1)],
  dtype,
})

function emptiedTensor(batch: Tensor): Tensor {
  if (batch.rank === 0) return batch
  const empty = tensor([], [0, ...batch.shape.slice(1)], batch.dtype)
  batch.dispose()
  return empty
}
