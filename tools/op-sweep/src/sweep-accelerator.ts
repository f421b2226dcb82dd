import { type OpHarness, opCases } from '@levin/testing/ops'
import { beforeEach, expect, it } from 'vitest'
import { observeKernels } from './observe-kernels.js'
import { byReason, type OpReport, readReport, reasonsOf, sweepName, UNEXPLAINED, writeReport } from './op-report.js'

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
    const unexplained = Object.keys(failures).filter((reason) => reason.startsWith(UNEXPLAINED))
    expect(unexplained, 'each failure needs a reason in the report').toEqual([])
  })
}

async function recordReport({ accelerator, on, create, tolerance = TOLERANCE, report: file }: AcceleratorSweep) {
  const known = reasonsOf(readReport(file) ?? { failures: {} })
  const called = new Set<string>()
  const reasons: Record<string, string> = {}
  for (const { name, run } of opCases({ create, tolerance })) {
    observeKernels(called)
    await run().catch((error: unknown) => {
      reasons[name] = known[name] ?? `${UNEXPLAINED}${error instanceof Error ? error.message : String(error)}`
    })
  }
  const failures = byReason(reasons)
  writeReport(file, { accelerator, on, tolerance, sweep: sweepName(), failures, kernels: [...called].sort() })
}
