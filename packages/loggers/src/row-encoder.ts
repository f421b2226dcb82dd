import type { MetricRow } from '@levin/core'

/** The lines of a file. */
export interface Lines {
  /** The header's line, with its end; `''` for formats without one. */
  readonly header: string
  /** The rows' lines, without their ends. */
  readonly rows: readonly string[]
}

/** How rows become lines. */
export interface RowEncoder {
  readonly format: string
  readonly fileName: string
  split(text: string): Lines
  /** Goes on from what a file holds. */
  adopt(text: string): Lines
  /** Takes note of a row that will be written. */
  learn(row: MetricRow): void
  /** Rows have been noted that the header of the file has no columns for. */
  readonly outgrown: boolean
  /** The header with all columns, with its end. */
  header(): string
  encode(row: MetricRow): string
  /** A line of a smaller header as it is under {@link header}. */
  widen(line: string): string
  /** Columns of {@link header}. */
  readonly width: number
  /** A header of so many columns is in the file now. */
  settle(width: number): void
}
