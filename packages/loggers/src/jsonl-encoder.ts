import type { MetricRow } from '@levin/core'
import type { Lines, RowEncoder } from './row-encoder.js'

/**
 * One JSON object per line. JSON has no NaN and no infinities: they are the strings `"NaN"`, `"Infinity"`,
 * `"-Infinity"`, as in the JSON form of Protocol Buffers; `Number()` and Python's `float()` read them.
 */
export class JsonlEncoder implements RowEncoder {
  readonly format = 'jsonl'
  readonly fileName = 'metrics.jsonl'
  readonly outgrown = false
  readonly width = 0

  split(text: string): Lines {
    return { header: '', rows: text.split('\n').slice(0, -1) }
  }

  adopt(text: string): Lines {
    return this.split(text)
  }

  learn(): void {}

  header(): string {
    return ''
  }

  encode(row: MetricRow): string {
    return JSON.stringify(row, (_, value) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    )
  }

  widen(line: string): string {
    return line
  }

  settle(): void {}
}
