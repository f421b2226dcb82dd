import { type BatchPlace, disposeAll, keep, type Loader } from '@levin/core'
import { type Tensor, tidy } from '@tensorflow/tfjs-core'
import type { Run } from '../run/run.js'
import { type BatchSource, ownsBatches } from './batch-source.js'
import { sampleCount, tensorsOf, toDevice } from './device-batch.js'

/** A batch on the device with what has to be freed after its use. */
export interface TransferredBatch {
  readonly batch: unknown
  readonly samples: number
  /** Where they lie among those of all shards. */
  readonly place: BatchPlace
  release(): void
}

type TransferHook = (batch: never, dataloaderIndex: number) => unknown

/** Brings batches to the device through the transfer hooks. The data module's hooks come before the module's. */
export class BatchTransfer {
  readonly #run: Run
  readonly #before: TransferHook | undefined
  readonly #after: TransferHook | undefined

  constructor(run: Run) {
    const { module, data } = run
    this.#run = run
    this.#before = (data?.onBeforeBatchTransfer ?? module.onBeforeBatchTransfer)?.bind(
      data?.onBeforeBatchTransfer ? data : module,
    )
    const after = (data?.onAfterBatchTransfer ?? module.onAfterBatchTransfer)?.bind(
      data?.onAfterBatchTransfer ? data : module,
    ) as TransferHook | undefined
    const divide = run.strategy.divideBatch?.bind(run.strategy) as TransferHook | undefined
    this.#after = after && divide ? (batch, index) => divide(after(batch, index) as never, index) : (after ?? divide)
  }

  /** @param raw what was taken from `source` last */
  transfer(raw: unknown, source: BatchSource, dataloaderIndex: number): TransferredBatch {
    const { loader } = source
    const host = this.#before ? this.#before(raw as never, dataloaderIndex) : raw
    const samples = sampleCount(host)
    const place = this.#place(raw, loader, samples)
    // Tensors that the loader keeps must outlive the step; whatever was made on the way is ours.
    const foreign = ownsBatches(loader) ? [] : tensorsOf(raw)
    const uploaded = this.#upload(host, foreign)
    source.settle()
    // A hook may have kept the host's batch; without one nobody reads it any more.
    if (!this.#before) loader.recycle?.(raw)
    if (!this.#after)
      return { batch: uploaded, samples, place, release: () => freeExcept(tensorsOf(uploaded), foreign) }
    const batch = this.#changed(this.#after, uploaded, dataloaderIndex, foreign)
    return { batch, samples, place, release: () => freeExcept([...tensorsOf(uploaded), ...tensorsOf(batch)], foreign) }
  }

  #place(raw: unknown, loader: Loader, samples: number): BatchPlace {
    const { rank, count } = this.#run.strategy.dataShard
    if (count === 1) return { first: 0, total: samples }
    return loader.placeOf?.(raw) ?? { first: rank * samples, total: count * samples }
  }

  #upload(host: unknown, foreign: readonly Tensor[]): unknown {
    try {
      return toDevice(host, this.#run.accelerator)
    } catch (error) {
      freeExcept(tensorsOf(host), foreign)
      throw error
    }
  }

  #changed(after: TransferHook, uploaded: unknown, dataloaderIndex: number, foreign: readonly Tensor[]): unknown {
    try {
      return tidy(() => {
        const changed = after(uploaded as never, dataloaderIndex)
        for (const tensor of tensorsOf(changed)) keep(tensor)
        return changed as never
      }) as unknown
    } catch (error) {
      freeExcept(tensorsOf(uploaded), foreign)
      throw error
    }
  }
}

function freeExcept(tensors: readonly Tensor[], foreign: readonly Tensor[]): void {
  disposeAll(foreign.length ? tensors.filter((tensor) => !foreign.includes(tensor)) : tensors)
}
