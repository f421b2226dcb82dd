import type { MetricRow } from '@levin/core'
import type { Lines, RowEncoder } from './row-encoder.js'

/**
 * Rows as CSV (RFC 4180), as pandas and PyTorch Lightning's own tools read it: `nan`, `inf`, `-inf`; an empty cell where
 * a row lacks a metric. Columns are added at the right end when they first appear.
 */
export class CsvEncoder implements RowEncoder {
  readonly format = 'csv'
  readonly fileName = 'metrics.csv'
  readonly #columns: string[] = []
  readonly #known = new Set<string>()
  /** Columns of the header in the file; 0 while there is none. */
  #written = 0

  split(text: string): Lines {
    const { end } = parseHeader(text)
    return { header: text.slice(0, end), rows: text.slice(end).split('\n').slice(0, -1) }
  }

  adopt(text: string): Lines {
    this.#columns.length = 0
    this.#known.clear()
    for (const name of parseHeader(text).names) this.#add(name)
    this.#written = this.#columns.length
    return this.split(text)
  }

  get width(): number {
    return this.#columns.length
  }

  learn(row: MetricRow): void {
    for (const name in row) this.#add(name)
  }

  get outgrown(): boolean {
    return this.#written > 0 && this.#columns.length > this.#written
  }

  header(): string {
    return `${this.#columns.map(quoted).join(',')}\n`
  }

  encode(row: MetricRow): string {
    return this.#columns.map((name) => cell(row[name])).join(',')
  }

  widen(line: string): string {
    return line + ','.repeat(this.#columns.length - this.#written)
  }

  settle(width: number): void {
    this.#written = width
  }

  #add(name: string): void {
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#columns.push(name)
  }
}

function cell(value: number | undefined): string {
  if (value === undefined) return ''
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

const quoted = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)

/** The names of the first line, whose quotes may hold line ends, and where it ends. */
function parseHeader(text: string): { names: string[]; end: number } {
  const names: string[] = []
  let at = 0
  while (at < text.length) {
    const isQuoted = text[at] === '"'
    const pattern = isQuoted ? /"((?:[^"]|"")*)"/y : /[^,\n]*/y
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (!match) break
    names.push(isQuoted ? (match[1] as string).replaceAll('""', '"') : match[0])
    at = pattern.lastIndex
    if (text[at++] !== ',') break
  }
  return { names, end: at }
}
