import { type OpHarness, opCases } from '@levin/testing/ops'
import { beforeEach, expect, it } from 'vitest'
import { observeKernels } from './observe-kernels.js'
import { byReason, type OpReport, readReport, reasonsOf, sweepName, UNEXPLAINED, writeReport } from './op-report.js'
import { runSweep, type SweepFindings } from './run-sweep.js'

export interface AcceleratorSweep extends Pick<OpHarness, 'create'> {
  /** Column of the table, and what the device is in a few words. */
  readonly accelerator: string
  readonly on: string
  /** Default `{ rtol: 1e-5, atol: 1e-6 }`. */
  readonly tolerance?: OpReport['tolerance']
  /** The report: compared with what happens, or written where `LEVIN_RECORD_OPS=1`. */
  readonly report: URL
}

const TOLERANCE = { rtol: 1e-5, atol: 1e-6 }

/**
 * The sweep over ops as tests of an accelerator: every case passes, but those that its report says fail, which must; and
 * the report says which kernels were called. An accelerator that is swept is one call of this.
 *
 * `LEVIN_RECORD_OPS=1` writes the report instead. Reasons of cases that still fail stay; somebody has to write the others.
 */
export function sweepAccelerator(sweep: AcceleratorSweep): void {
  if (process.env['LEVIN_RECORD_OPS'] === '1') it('writes its report', () => recordReport(sweep), 1_200_000)
  else compareWithReport(sweep)
}

function compareWithReport({ accelerator, create, tolerance = TOLERANCE, report: file, on }: AcceleratorSweep): void {
  const report = readReport(file)
  if (report === undefined) {
    it('has a report', () => expect.fail(`${file.pathname} is missing: run this test with LEVIN_RECORD_OPS=1`))
    return
  }
  const called = new Set<string>()
  beforeEach(() => observeKernels(called))
  for (const { name, run } of opCases({ create, tolerance, knownFailures: reasonsOf(report) })) it(name, run)
  it('is what its report says', () => {
    const { failures } = report
    const found = { accelerator, on, tolerance, sweep: sweepName(), failures, kernels: [...called].sort() }
    expect(report, 'run this test with LEVIN_RECORD_OPS=1').toEqual(found)
    expectExplained(report)
  })
}

async function recordReport({ create, tolerance = TOLERANCE, ...sweep }: AcceleratorSweep): Promise<void> {
  writeFindings({ ...sweep, tolerance }, await runSweep({ create, tolerance }))
}

/** An accelerator whose sweep runs elsewhere: on a page. */
export type DistantSweep = Omit<AcceleratorSweep, 'create'>

/** Compares what a sweep found elsewhere with the accelerator's report, or writes that where `LEVIN_RECORD_OPS=1`. */
export function holdFindings(sweep: DistantSweep, findings: SweepFindings): void {
  if (process.env['LEVIN_RECORD_OPS'] === '1') {
    writeFindings(sweep, findings)
    return
  }
  const { accelerator, on, tolerance = TOLERANCE, report: file } = sweep
  const report = readReport(file) ?? expect.fail(`${file.pathname} is missing: run this test with LEVIN_RECORD_OPS=1`)
  expectExplained(report)
  const reasons = reasonsOf(report)
  const unexpected = Object.entries(findings.failures).filter(([name]) => reasons[name] === undefined)
  expect(Object.fromEntries(unexpected), 'cases that fail').toEqual({})
  const passing = Object.keys(reasons).filter((name) => findings.failures[name] === undefined)
  expect(passing, 'cases that the report says fail, and do not').toEqual([])
  const { failures } = report
  const found = { accelerator, on, tolerance, sweep: sweepName(), failures, kernels: findings.kernels }
  expect(report, 'run this test with LEVIN_RECORD_OPS=1').toEqual(found)
}

function expectExplained({ failures }: OpReport): void {
  const unexplained = Object.keys(failures).filter((reason) => reason.startsWith(UNEXPLAINED))
  expect(unexplained, 'each failure needs a reason in the report').toEqual([])
}

function writeFindings(
  { accelerator, on, tolerance = TOLERANCE, report: file }: DistantSweep,
  found: SweepFindings,
): void {
  const known = reasonsOf(readReport(file) ?? { failures: {} })
  const reasons = Object.entries(found.failures).map(([name, message]) => [
    name,
    known[name] ?? `${UNEXPLAINED}${message}`,
  ])
  const failures = byReason(Object.fromEntries(reasons))
  writeReport(file, { accelerator, on, tolerance, sweep: sweepName(), failures, kernels: found.kernels })
}
