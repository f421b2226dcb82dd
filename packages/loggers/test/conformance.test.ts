import type { Logger, LoggerSetup } from '@levin/core'
import { type KeptRow, loggerCases } from '@levin/testing'
import { describe, test } from 'vitest'
import { consoleLogger, csvLogger, jsonlLogger, type MemoryLogger, memoryLogger } from '../src/index.js'

async function textOf({ logDir }: Logger, { platform }: LoggerSetup, file: string): Promise<string> {
  const path = `${logDir}/${file}`
  if (!(await platform.files?.exists(path))) return ''
  return new TextDecoder().decode(await platform.files?.read(path))
}

/** RFC 4180, read independently of the logger. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  const field = /("(?:[^"]|"")*"|[^,\n]*)(,|\n)/gy
  let row: string[] = []
  for (const [, cell = '', end] of text.matchAll(field)) {
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
    if (end !== '\n') continue
    rows.push(row)
    row = []
  }
  return rows
}

const numberOf = (cell: string): number =>
  cell === 'nan' ? Number.NaN : cell === 'inf' ? Infinity : cell === '-inf' ? -Infinity : Number(cell)

async function csvRows(logger: Logger, setup: LoggerSetup): Promise<KeptRow[]> {
  const [header = [], ...rows] = parseCsv(await textOf(logger, setup, 'metrics.csv'))
  return rows.map((cells) => keptRow(header.flatMap((name, i) => (cells[i] ? [[name, numberOf(cells[i])]] : []))))
}

async function jsonlRows(logger: Logger, setup: LoggerSetup): Promise<KeptRow[]> {
  const lines = (await textOf(logger, setup, 'metrics.jsonl')).split('\n').filter(Boolean)
  return lines.map((line) => keptRow(Object.entries(JSON.parse(line)).map(([name, value]) => [name, Number(value)])))
}

function keptRow(entries: (readonly [string, number])[]): KeptRow {
  const { step = -1, epoch = -1, ...metrics } = Object.fromEntries(entries)
  return { step, epoch, metrics }
}

// A fixed version: the second logger of a case is the one of the run that was resumed.
describe('csv', () => {
  for (const { name, run } of loggerCases({ create: () => csvLogger({ version: 0 }), rows: csvRows })) test(name, run)
})

describe('jsonl', () => {
  for (const { name, run } of loggerCases({ create: () => jsonlLogger({ version: 0 }), rows: jsonlRows }))
    test(name, run)
})

describe('memory', () => {
  const rows = (logger: Logger) => (logger as MemoryLogger).rows
  for (const { name, run } of loggerCases({ create: () => memoryLogger(), rows, durable: false })) test(name, run)
})

describe('console', () => {
  for (const { name, run } of loggerCases({ create: () => consoleLogger() })) test(name, run)
})
