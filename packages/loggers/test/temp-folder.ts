import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentPlatform, type Files, type Logger, type LoggerSetup, type MetricRow, type Platform } from '@levin/core'
import { onTestFinished } from 'vitest'

/** A folder that is gone after the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'levin-loggers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What the Trainer hands to `setup`, with parts of the platform replaced. */
export function setupIn(rootDir: string, changes: Partial<Platform> = {}): LoggerSetup {
  return { platform: { ...currentPlatform(), ...changes }, rootDir, isGlobalZero: true }
}

/** The real files, some of whose functions are replaced. */
export const filesWith = (changes: Partial<Files>): Files => ({ ...(currentPlatform().files as Files), ...changes })

/** Logs one row per step, from `first` to before `end`. */
export function logSteps(
  logger: Logger,
  first: number,
  end: number,
  metrics: (step: number) => MetricRow = (step) => ({ loss: 1 / (step + 1) }),
) {
  for (let step = first; step < end; step++) logger.logMetrics(metrics(step), { globalStep: step, epoch: 0 })
}
