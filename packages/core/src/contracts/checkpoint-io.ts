import type { SliceLayout } from '../rng/index.js'
import type { NumericData, NumericType } from './host-tensor.js'

/** One tensor on its way into or out of a checkpoint. */
export interface TensorRecord {
  /** A parameter's path, or `<path>/<slot>` for optimizer state. */
  readonly name: string
  readonly dtype: NumericType
  /** Shape of `data`: of the slice if there is one. */
  readonly shape: readonly number[]
  /**
   * Which part of the whole tensor this is: a block of it, or, with one axis, a stretch of the whole in row-major order. May be
   * empty. Absent: the whole. A record that was loaded is whole, however it was saved.
   */
  readonly slice?: SliceLayout
  /** Shape of the whole tensor, where the slice is a stretch of it. Absent: the slice's `globalShape`, or that of `data`. */
  readonly wholeShape?: readonly number[]
  /** The values, read when they are needed. */
  data(): NumericData | Promise<NumericData>
  /**
   * `count` values from `start` on, in row-major order, of a record that was loaded: what a rank that holds a part reads, from
   * the files that hold it and no others. Absent: read `data`.
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
}

export interface LoadOptions {
  /**
   * Several ranks load the checkpoint at the same moment, and this one reads the content of its share of the files in order to
   * verify it. All of them verify that every file is there in its size. The checkpoint is whole if no rank refuses it.
   * Default: this rank verifies everything.
   */
  readonly share?: { readonly rank: number; readonly count: number }
}

/** What one rank writes of a checkpoint whose tensors are spread over ranks. */
export interface CheckpointPart {
  /** What {@link SharedSaves.begin} gave. */
  readonly save: string
  /** From 0; one part per rank. */
  readonly index: number
  readonly count: number
  /** Slices, and whole tensors that no other part has. */
  readonly model: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
  /** Absent in all parts or in none. */
  readonly optimizer?: Iterable<TensorRecord> | AsyncIterable<TensorRecord>
}

/** What came of a part, for {@link SharedSaves.complete}. JSON: it travels to another rank. */
export interface PartReceipt {
  readonly save: string
  readonly index: number
  readonly [detail: string]: unknown
}

/**
 * Saves that several ranks make together, each writing what it holds, to a place that all of them reach. One rank begins, and tells
 * the others how the save is called; all write their parts; the one that began completes it, or abandons it once nobody writes.
 */
export interface SharedSaves {
  /**
   * @returns a name that no other save has
   * @throws LEVIN_FILES if the place cannot be written; LEVIN_CHECKPOINT_EXISTS
   */
  begin(location: string, options?: SaveOptions): Promise<string>
  /** @throws LEVIN_FILES if the place cannot be written, or is not the one that the save was begun in */
  write(location: string, part: CheckpointPart): Promise<PartReceipt>
  /**
   * Makes the checkpoint whole and puts it into its place, as {@link CheckpointIO.save} does.
   *
   * @throws LEVIN_CHECKPOINT_CORRUPT naming a part that is missing or belongs to another save, or a tensor of which parts are missing
   */
  complete(
    location: string,
    content: Pick<CheckpointContent, 'trainer' | 'manifest'>,
    parts: readonly PartReceipt[],
    options?: SaveOptions,
  ): Promise<void>
  /** Removes what was written. */
  abandon(location: string, save: string): Promise<void>
}

/** CheckpointIO writes and reads checkpoints. A checkpoint is either whole or not there. */
export interface CheckpointIO {
  readonly name: string
  /**
   * Writes under a unique name; the manifest comes last, as the mark that it is whole.
   *
   * @param location folder (or key prefix) of the checkpoint; an existing one is replaced only once the new one is whole
   * @throws LEVIN_FILES if the place cannot be written; LEVIN_CHECKPOINT_EXISTS; LEVIN_CHECKPOINT_CORRUPT naming a tensor of which
   * slices are missing
   */
  save(location: string, content: CheckpointContent, options?: SaveOptions): Promise<void>
  /** Absent: a checkpoint is written by one rank, and so holds only what is whole there. */
  readonly shared?: SharedSaves
  /**
   * Finds a checkpoint and verifies sizes and hashes before anything is used.
   *
   * @throws LEVIN_CHECKPOINT_NOT_FOUND, LEVIN_CHECKPOINT_CORRUPT, LEVIN_CHECKPOINT_VERSION
   */
  load(location: string, options?: LoadOptions): Promise<StoredCheckpoint>
  remove(location: string): Promise<void>
  exists(location: string): Promise<boolean>
  /** Points `<folder>/<name>` at a checkpoint within the folder, atomically. `'last'` is such a pointer. */
  point(folder: string, name: string, location: string): Promise<void>
  /** Where a pointer points, or `undefined`. */
  resolve(folder: string, name: string): Promise<string | undefined>
  /** Checks that the folder can be written, making it if need be. */
  prepare(folder: string): Promise<void>
}
