import type { Clock, Trigger } from '@levin/core'

/** What goes wrong, or is asked for, on one rank alone. */
export type Deed =
  | 'prepareData throws'
  | 'setup throws'
  | 'prepare fails'
  | 'load fails'
  | 'a loss is NaN'
  | 'a step throws'
  | 'a batch skips the epoch'
  | 'a stop is asked for'
  | 'the end of an epoch throws'
  | 'onSaveCheckpoint throws'
  | 'values cannot be read'
  | 'save fails'
  | 'begin fails'
  | 'write fails'
  | 'complete fails'
  | 'remove fails'
  | 'point fails'

/** A training of several ranks, as plain data: each of them does it. */
export interface RunPlan {
  readonly folder: string
  readonly kind?: 'fit' | 'validate' | 'predict'
  /** Every rank saves a part. */
  readonly savesParts?: boolean
  /** The storage has no saves by several ranks. */
  readonly wholeOnly?: boolean
  readonly epochs?: number
  /** Global batches of an epoch; of the validation data one more. Default 4. */
  readonly batches?: number
  readonly validation?: boolean
  readonly ckptPath?: string
  /** Only the rank that does it has hooks of a batch's start. */
  readonly alone?: boolean
  readonly deed?: { readonly rank: number; readonly what: Deed; readonly batch?: number }
  /** Milliseconds that a look at the clock takes, by rank. */
  readonly ticks?: readonly number[]
  readonly maxTime?: { readonly seconds: number }
  readonly minEpochs?: number
  readonly valCheckInterval?: Trigger
  readonly checkpoints?: {
    readonly every?: Trigger
    readonly monitor?: string
    readonly filename?: string
    readonly saveTopK?: number
    readonly saveLast?: boolean
  }
  /** The learning rate answers to the loss of single steps. */
  readonly plateau?: boolean
  /** Milliseconds that saving takes besides. */
  readonly slowSave?: number
}

export interface RunOutcome {
  readonly result?: {
    readonly status: string
    readonly reason?: string
    readonly clock?: Clock
    readonly metrics: Readonly<Record<string, number>>
    readonly runFolder: string
    readonly lastCheckpoint?: string
    readonly bestCheckpoint?: string
  }
  readonly error?: { readonly code: string | undefined; readonly message: string }
  /** Batches seen, by epoch and phase; names of saves. In the order in which they happened. */
  readonly notes: readonly string[]
  readonly parameters: readonly number[]
  readonly learningRate: number
}
