import { readFileSync } from 'node:fs'
import { opTable } from '@levin/ops'
import { opSweep } from '@levin/testing/ops'
import { expect, test } from 'vitest'
import { type OpReport, sweepName } from '../src/op-report.js'
import { withTables } from '../src/page.js'
import { reports } from '../src/reports.js'

test('the page shows the tables as the reports make them', () => {
  const page = readFileSync(new URL('../../../docs/accelerators.md', import.meta.url), 'utf8')
  const fresh = withTables(page, reports()) === page
  const remedy = 'npx tsx --conditions=@levin/source tools/op-sweep/src/main.ts'
  expect(fresh, `docs/accelerators.md is older than what makes it: run ${remedy}`).toBe(true)
  for (const name of ['accelerators', 'ops of levin', 'ops of tfjs', 'reasons'])
    expect(page).toContain(`<!-- table: ${name} -->`)
})

test('every report is of the sweep as it is', () => {
  const found = reports()
  expect(found.map(({ accelerator }) => accelerator)).toEqual(expect.arrayContaining(['cpu', 'tfjs-cpu']))
  for (const { accelerator, sweep } of found) expect(sweep, `record the report of ${accelerator}`).toBe(sweepName())
})

test('every op of @levin/ops is swept, with gradients where it has any', () => {
  const entries = opSweep().filter(({ from }) => from === '@levin/ops')
  const swept = (checks: string): Set<string> =>
    new Set(entries.filter((entry) => entry.checks === checks).map(({ op }) => op))
  expect(Object.keys(opTable).filter((op) => !swept('values').has(op))).toEqual([])
  const differentiable = Object.entries(opTable).filter(([, { keeps }]) => keeps.length > 0)
  expect(differentiable.map(([op]) => op).filter((op) => !swept('gradients').has(op))).toEqual([])
})

const entry = (op: string, checks: 'values' | 'gradients', at = 1) =>
  ({ name: `${op}: ${at}: ${checks}`, op, from: 'tfjs', checks }) as const

const report = (accelerator: string, failures: OpReport['failures']): OpReport => ({
  accelerator,
  on: 'here',
  tolerance: { rtol: 1e-5, atol: 1e-6 },
  sweep: '',
  failures,
  kernels: [],
})

test('a cell says how many pass, and why the others do not', () => {
  const entries = [
    entry('add', 'values'),
    entry('add', 'values', 2),
    entry('add', 'gradients'),
    entry('less', 'values'),
  ]
  const made = withTables(
    '<!-- table: ops of tfjs -->\n<!-- end of table -->',
    [report('a', { 'too slow': ['add: 2: values'] }), report('b', { 'too fast': ['add: 1: gradients'] })],
    entries,
  )
  expect(made).toContain('| `add` | 1 of 2 (1) · ✓ | ✓ · 0 of 1 (2) |')
  expect(made).toContain('| `less` | ✓ · – | ✓ · – |')
})

test('a table that there is not is an error', () => {
  expect(() => withTables('<!-- table: of contents -->\n<!-- end of table -->', [], [])).toThrow(
    "There is no table 'of contents'",
  )
})
