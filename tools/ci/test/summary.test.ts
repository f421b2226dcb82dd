import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { summarise } from '../summary.mjs'

let folder: string

const assertion = (fullName: string, status: string) => ({ fullName, status })

/** A run in which all is well. */
const WELL: Readonly<Record<string, string>> = {
  'vitest.json': JSON.stringify({
    testResults: [
      {
        name: 'a.test.ts',
        status: 'passed',
        assertionResults: [assertion('one', 'passed'), assertion('two', 'skipped')],
      },
    ],
  }),
  'soak.json': JSON.stringify({
    testResults: [{ name: 'a.soak.ts', status: 'passed', assertionResults: [assertion('often', 'passed')] }],
  }),
  'consumer.json': JSON.stringify({ passed: ['built', 'ran'], failed: [] }),
  'check.json': JSON.stringify({ passed: ['lint'], failed: [] }),
  'start.log': 'validating\ntest/accuracy 0.9810\n',
  'parts.exit': '0\n',
  'tests.exit': '0\n',
  'soak.exit': '0\n',
  'checks.exit': '0\n',
  'start.exit': '0\n',
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-ci-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function summaryOf(changes: Readonly<Record<string, string | undefined>> = {}) {
  for (const [name, text] of Object.entries({ ...WELL, ...changes })) {
    if (text !== undefined) writeFileSync(join(folder, name), text)
  }
  return summarise(folder)
}

const report = (...testResults: object[]): string => JSON.stringify({ testResults })

describe('the summary of a run', () => {
  it('adds up tests of both tiers, steps of the consumer test, checks and the first training; a skipped test is neither', () => {
    expect(summaryOf()).toEqual({ passed: 6, failed: [] })
  })

  it('counts a failed test once, though its stage failed too', () => {
    const tests = report({ name: 'a', status: 'failed', assertionResults: [assertion('one', 'failed')] })
    expect(summaryOf({ 'vitest.json': tests, 'tests.exit': '1' })).toEqual({ passed: 5, failed: ['one'] })
  })

  it('counts a test file that could not be loaded', () => {
    const tests = report({ name: 'a.test.ts', status: 'failed', assertionResults: [] })
    expect(summaryOf({ 'vitest.json': tests }).failed).toEqual(['a.test.ts: not loaded'])
  })

  it.each(['vitest', 'soak', 'consumer', 'check'])('counts a missing report of %s', (name) => {
    expect(summaryOf({ [`${name}.json`]: undefined }).failed).toEqual([`${name}: left no report`])
  })

  it.each([
    ['parts', '100'],
    ['tests', '124'],
    ['soak', '124'],
    ['checks', undefined],
  ])('counts the stage %s that ended with %s although all it reported passed', (name, status) => {
    expect(summaryOf({ [`${name}.exit`]: status }).failed).toEqual([`${name}: exit status ${status ?? 'no'}`])
  })

  it.each(['test/accuracy 0.969', 'test/accuracy NaN', 'Error: no such file'])(
    "counts a first training that ends with '%s'",
    (last) => {
      expect(summaryOf({ 'start.log': `test/accuracy 0.99\n${last}` }).failed).toHaveLength(1)
    },
  )
})
