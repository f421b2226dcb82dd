import type { StagedTensor, Staging } from '@levin/core'
import type { Run } from '../run/run.js'

/**
 * Memory of the device in which one loader makes its batches. Whatever an upload has not taken over is given back: as soon as
 * its batch is on the device, at the latest when the loader is let go.
 */
export class StagedBatches {
  readonly #stage: (...request: Parameters<Staging>) => StagedTensor | undefined
  /** Of the batch that is being made, or was read ahead. */
  readonly #ahead: StagedTensor[] = []
  /** Of the batch that was handed out. */
  readonly #taken: StagedTensor[] = []

  constructor(stage: (...request: Parameters<Staging>) => StagedTensor | undefined) {
    this.#stage = stage
  }

  /** What the loader asks. */
  readonly staging: Staging = (shape, dtype) => {
    const staged = this.#stage(shape, dtype)
    if (staged) this.#ahead.push(staged)
    return staged
  }

  /** The batch that was read ahead is handed out; what is asked for now is for the next one. */
  advance(): void {
    this.#taken.push(...this.#ahead)
    this.#ahead.length = 0
  }

  /** The batch that was handed out is on the device. */
  settle(): void {
    for (const staged of this.#taken) staged.release()
    this.#taken.length = 0
  }

  /** No batch will be uploaded any more. */
  release(): void {
    this.advance()
    this.settle()
  }
}

/**
 * Where batches of a run are staged; `undefined` where the device has no memory that the host can write, or a hook gets
 * batches on the host, which it may keep: staged memory is the next step's once its batch is used.
 */
export function stagedBatches({ accelerator, data, module }: Run): StagedBatches | undefined {
  if (!accelerator.stage || (data?.onBeforeBatchTransfer ?? module.onBeforeBatchTransfer)) return undefined
  return new StagedBatches((shape, dtype) => accelerator.stage?.(shape, dtype))
}
