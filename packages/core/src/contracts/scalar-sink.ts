import type { Tensor } from '@tensorflow/tfjs-core'

/** How values written to one slot become one. `last` keeps the newest; `sum` adds, each times its weight. */
export type Reduction = 'sum' | 'min' | 'max' | 'last'

export interface SlotOptions {
  readonly reduction: Reduction
  /** Values per write. Default 1. */
  readonly size?: number
}

/** One place in a {@link ScalarSink}. */
export interface Slot {
  readonly reduction: Reduction
  readonly size: number
}

/** What a slot held when it was read. */
export interface SlotReading {
  readonly values: Float64Array
  /** Sum of the weights of all writes since the last reset. */
  readonly weight: number
  /** Writes since the last reset. */
  readonly writes: number
  /**
   * The tag of the first write that was not finite, or `undefined`. So a bad value is traced to its step without a read
   * in that step.
   */
  readonly firstNonFinite: number | undefined
}

/**
 * Where logged values go: reduced where they are computed and read together, so that a step never waits for the device.
 * Where memory is the host's a write is a plain load.
 */
export interface ScalarSink {
  slot(options: SlotOptions): Slot
  /** Takes `size` values. A tensor stays the caller's. `tag` names the write, see {@link SlotReading.firstNonFinite}. */
  write(slot: Slot, value: Tensor | number | ArrayLike<number>, weight?: number, tag?: number): void
  /** Reads slots in one transfer. At once where the host owns the memory. */
  read(slots: readonly Slot[]): SlotReading[] | Promise<SlotReading[]>
  reset(slots: readonly Slot[]): void
  dispose(): void
}
