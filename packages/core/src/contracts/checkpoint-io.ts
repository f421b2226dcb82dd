import type { SliceLayout } from '../rng/index.js'
import type { NumericData, NumericType } from './host-tensor.js'

/** One tensor on its way into or out of a checkpoint. */
export interface TensorRecord {
  /** A parameter's path, or `<path>/<slot>` for optimizer state. */
  readonly name: string
  readonly dtype: NumericType
  /** Shape of `data`: of the slice if there is one. */
  readonly shape: readonly number[]
  /** Which part of the whole tensor this is; of the whole in row-major order where it has one axis. Absent: the whole. */
  readonly slice?: SliceLayout
  /** Shape of the whole tensor. Absent: that of the slice's `globalShape`, or of `data`. */
  readonly wholeShape?: readonly number[]
  /** The values, read when they are needed. */
  data(): NumericData | Promise<NumericData>
  /**
   * `count` values from `start` on, in row-major order, of a record that was loaded: what a rank that holds a part reads.
   * Absent: read `data`.
   */
  range?(start: number, count: number): Promise<NumericData>
}

/** Everything that one save writes. */
export interface CheckpointContent {
  readonly model: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  /** Absent in checkpoints of weights only. */
  readonly optimizer?: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  /** Loops, clock, callbacks, data position, metrics so far, logger positions. JSON. */
  readonly trainer: Readonly<Record<string, unknown>>
  readonly manifest: CheckpointFacts
}

/** One rank's share of a checkpoint whose tensors are spread over ranks. */
export interface CheckpointPart {
  /** Names the save that the part belongs to; the same on all ranks, and of no other save. */
  readonly save: string
  readonly index: number
  readonly count: number
  readonly model: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  readonly optimizer?: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
}

/** What was written of a part. JSON: it travels to the rank that completes the checkpoint. */
export interface PartReceipt {
  readonly save: string
  readonly index: number
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>
}

/** What a checkpoint says of itself besides sizes and hashes. */
export interface CheckpointFacts {
  readonly globalStep: number
  readonly epoch: number
  readonly weightsOnly: boolean
  /** Class name of the module; informational, never used to load code. */
  readonly module: string
  readonly hparams: Readonly<Record<string, unknown>>
  /** Sizes of the mesh axes that wrote it; `{}` for one device. */
  readonly mesh: Readonly<Record<string, number>>
  readonly kernelFingerprint: string
  /** `v20` */
  readonly runtime: string
}

/** A checkpoint that has been found whole. Tensors are read on demand. */
export interface StoredCheckpoint {
  readonly location: string
  readonly facts: CheckpointFacts
  readonly trainer: Readonly<Record<string, unknown>>
  readonly model: ReadonlyMap<string, TensorRecord>
  readonly optimizer: ReadonlyMap<string, TensorRecord> | undefined
}

export interface SaveOptions {
  /**
   * Whether a checkpoint that is there already may be replaced. Default `true`. With `false`, only one of two runs that save
   * to one place at the same moment gets it.
   */
  readonly replace?: boolean
  /**
   * Receipts of all parts, if the tensors were written by {@link CheckpointIO.savePart}. `content` then has no tensors of its
   * own but those that no part holds.
   */
  readonly parts?: readonly PartReceipt[]
}

/** CheckpointIO writes and reads checkpoints. A checkpoint is either whole or not there. */
export interface CheckpointIO {
  readonly name: string
  /**
   * Writes under a unique name; the manifest comes last, as the mark that it is whole.
   *
   * @param location folder (or key prefix) of the checkpoint; an existing one is replaced only once the new one is whole
   * @throws LEVIN_FILES if the place cannot be written; LEVIN_CHECKPOINT_EXISTS
   */
  save(location: string, content: CheckpointContent, options?: SaveOptions): Promise<void>
  /**
   * Writes one rank's part, to a place that all ranks reach. When all have, one of them calls {@link save} with the receipts,
   * which makes the checkpoint whole. Absent: checkpoints are written whole, by one rank.
   */
  savePart?(location: string, part: CheckpointPart): Promise<PartReceipt>
  /**
   * Finds a checkpoint and verifies sizes and hashes before anything is used.
   *
   * @throws LEVIN_CHECKPOINT_NOT_FOUND, LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION
   */
  load(location: string): Promise<StoredCheckpoint>
  remove(location: string): Promise<void>
  exists(location: string): Promise<boolean>
  /** Points `<folder>/<name>` at a checkpoint within the folder, atomically. `'last'` is such a pointer. */
  point(folder: string, name: string, location: string): Promise<void>
  /** Where a pointer points, or `undefined`. */
  resolve(folder: string, name: string): Promise<string | undefined>
  /** Checks that the folder can be written, making it if need be. */
  prepare(folder: string): Promise<void>
}
