/** What the stages of `.ci/run` left in their folder, added up. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The accuracy below which the first training counts as failed. */
const GOAL = 0.97

const read = (folder, name) => {
  const path = join(folder, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

const parsed = (folder, name) => {
  const text = read(folder, name)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Vitest's own report: a file that could not be loaded has no tests and counts as one failure. */
function vitest(folder, name) {
  const report = parsed(folder, `${name}.json`)
  if (!report) return { passed: 0, failed: [`${name}: left no report`] }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const broken = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed))
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: [
      ...tests.filter(isFailed).map(({ fullName }) => fullName),
      ...broken.map(({ name }) => `${name}: not loaded`),
    ],
  }
}

const isFailed = ({ status }) => status === 'failed'

/** A list `{ passed: string[], failed: string[] }`, as the consumer test and `pnpm check` leave it. */
function listed(folder, name) {
  const report = parsed(folder, `${name}.json`)
  if (!report) return { passed: 0, failed: [`${name}: left no report`] }
  return { passed: report.passed.length, failed: report.failed.map((each) => `${name}: ${each}`) }
}

function firstTraining(folder) {
  const last = (read(folder, 'start.log') || '').trim().split('\n').pop() || ''
  const accuracy = /^test\/accuracy (\d+(?:\.\d+)?)$/.exec(last.trim())?.[1]
  if (accuracy !== undefined && Number(accuracy) >= GOAL) return { passed: 1, failed: [] }
  return { passed: 0, failed: [`npm start: the last line is no 'test/accuracy' of ${GOAL} or more: ${last}`] }
}

/** A stage that failed although every part of it passed: it was stopped, or broke before it counted. */
function stages(folder, counted) {
  return ['parts', 'tests', 'soak', 'checks', 'start'].flatMap((name) => {
    const status = (read(folder, `${name}.exit`) || 'no').trim()
    return status === '0' || counted[name] ? [] : [`${name}: exit status ${status}`]
  })
}

/**
 * @param {string} folder what `.ci/run` wrote
 * @returns {{ passed: number, failed: string[] }} a stage that left nothing has failed
 */
export function summarise(folder) {
  const tests = [vitest(folder, 'vitest'), listed(folder, 'consumer')]
  const soak = [vitest(folder, 'soak')]
  const checks = [listed(folder, 'check')]
  const start = [firstTraining(folder)]
  const any = (parts) => parts.some(({ failed }) => failed.length > 0)
  const all = [...tests, ...soak, ...checks, ...start]
  const counted = { tests: any(tests), soak: any(soak), checks: any(checks), start: any(start) }
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: [...all.flatMap(({ failed }) => failed), ...stages(folder, counted)],
  }
}
