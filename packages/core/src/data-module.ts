import type { OnHost } from './contracts/host-tensor.js'
import type { LoaderLike } from './contracts/loader.js'
import type { RunContext, RunKind } from './contracts/run-context.js'

type Awaitable<T> = T | Promise<T>

/** One loader, or several whose batches the steps tell apart by `step.dataloaderIndex`. */
export type EvaluationLoaders<B> = LoaderLike<B> | readonly LoaderLike<B>[]

/**
 * Everything about data in one place: preparing, splitting, loading, transforming. `Batch` is what steps receive, on
 * the device; loaders yield it with host tensors in place of tensors.
 */
export abstract class DataModule<Batch = unknown> {
  /** Merged with the module's into what loggers and checkpoints keep. */
  readonly hparams?: Readonly<Record<string, unknown>>

  /** Once per machine, before anything else: unpack, convert. Keeps nothing on `this`: other workers would lack it. */
  prepareData?(): Awaitable<void>
  /** On every worker: read and split. */
  setup?(kind: RunKind, run: RunContext): Awaitable<void>
  teardown?(kind: RunKind, run: RunContext): Awaitable<void>

  trainDataLoader?(): Awaitable<LoaderLike<OnHost<Batch>>>
  valDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>
  testDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>
  predictDataLoader?(): Awaitable<EvaluationLoaders<OnHost<Batch>>>

  /** Changes a batch on the host. */
  onBeforeBatchTransfer?(batch: OnHost<Batch>, dataloaderIndex: number): OnHost<Batch>
  /** Changes a batch on the device, within a tidy: tensors that it leaves out of its result are freed. */
  onAfterBatchTransfer?(batch: Batch, dataloaderIndex: number): Batch

  onException?(error: unknown, run: RunContext): Awaitable<void>

  /** JSON that a resumed run needs beyond loader positions. */
  state?(): Readonly<Record<string, unknown>>
  loadState?(state: Readonly<Record<string, unknown>>): void
}
