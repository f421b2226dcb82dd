import { type OpHarness, opCases } from '@levin/testing/ops'
import { observeKernels } from './observe-kernels.js'

/** What a sweep finds: messages of the cases that fail, and the kernels that were called. */
export interface SweepFindings {
  readonly failures: Readonly<Record<string, string>>
  readonly kernels: readonly string[]
}

/** Runs every case, whatever fails. Runs in browsers. */
export async function runSweep(harness: Pick<OpHarness, 'create' | 'tolerance'>): Promise<SweepFindings> {
  const called = new Set<string>()
  const failures: Record<string, string> = {}
  for (const { name, run } of opCases(harness)) {
    observeKernels(called)
    await run().catch((error: unknown) => {
      failures[name] = error instanceof Error ? error.message : String(error)
    })
  }
  return { failures, kernels: [...called].sort() }
}
