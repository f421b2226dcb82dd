import type { Logger, LoggerSetup, LogMoment, MetricRow } from '@levin/core'
import { type ConformanceCase, conformanceCases, type KnownFailures } from './conformance-case.js'
import { expectEqual, expectJson, expectNoLeak, expectTrue, throughJson } from './expectations.js'
import { TestPlatform } from './test-platform.js'

/** A row as it was kept. */
export interface KeptRow {
  readonly step: number
  readonly epoch: number
  readonly metrics: MetricRow
}

export interface LoggerHarness extends KnownFailures {
  /** A new logger. Two of one harness write to the same place: the second is the one of a resumed run. */
  create(): Logger
  /** What was kept, in order. Absent: what the logger writes cannot be read back. */
  rows?(logger: Logger, setup: LoggerSetup): readonly KeptRow[] | Promise<readonly KeptRow[]>
  /** Whether rows outlive the logger object, and its process. Default `true`. */
  readonly durable?: boolean
  /** What `setup` gets. Called once per case. Default: files in memory, a plain terminal. */
  setup?(): LoggerSetup
}

const ROWS: readonly KeptRow[] = [
  { step: 1, epoch: 0, metrics: { 'train/loss': 0.1 + 0.2, lr: 1e-8 } },
  { step: 2, epoch: 0, metrics: { 'train/loss': Number.NaN } },
  { step: 2, epoch: 0, metrics: { 'val/loss': Infinity, 'val/accuracy': -0.5 } },
  { step: 3, epoch: 1, metrics: { 'train/loss': -Infinity, 'a, "quoted"\tname\nover lines': 3, 'größe µ': 1e300 } },
]

/** Everything that the Trainer relies on in a logger. */
export function loggerCases(harness: LoggerHarness): ConformanceCase[] {
  const open = async (setup = setupOf(harness)): Promise<Opened> => {
    const logger = harness.create()
    await logger.setup(setup)
    return { harness, logger, setup }
  }
  const opened = (body: (opened: Opened) => unknown) => async () => {
    const each = await open()
    await body(each)
  }
  return conformanceCases(
    {
      'has a name and, after setup, a version': opened(checkIdentity),
      'can be set up twice for one run': opened(checkTwice),
      'keeps rows in order, with NaN, infinities and names of all kinds': opened(checkRows),
      'has copied a row once logMetrics returns': opened(checkCopies),
      'has everything after flush, should the process end then': opened(checkFlush),
      'keeps an epoch that logs nothing': opened(checkEmptyRow),
      'takes hyper-parameters of every JSON type': opened(checkHyperparameters),
      'tells its position as JSON, which grows with the rows': opened(checkPosition),
      'drops what came after a position, and nothing else': opened(checkRewind),
      'continues, in another object, where a checkpoint was saved': () => checkResume(open, harness),
      'keeps rows when the run failed': opened(checkFailure),
      'can be closed twice, and before it was set up': () => checkClosing(open, harness),
      'hears of checkpoints': opened(({ logger }) => logger.afterSaveCheckpoint?.('runs/x/checkpoints/epoch=1')),
      'makes no tensors': opened((each) => expectNoLeak(() => logAll(each.logger, ROWS), 'logging')),
    },
    harness,
  )
}

interface Opened {
  readonly harness: LoggerHarness
  readonly logger: Logger
  readonly setup: LoggerSetup
}

const setupOf = ({ setup }: LoggerHarness): LoggerSetup =>
  setup?.() ?? { platform: new TestPlatform(), rootDir: 'runs', isGlobalZero: true }

function logAll(logger: Logger, rows: readonly KeptRow[]): void {
  for (const { step, epoch, metrics } of rows) logger.logMetrics(metrics, { globalStep: step, epoch })
}

const simpleRow = (step: number): KeptRow => ({ step, epoch: 0, metrics: { loss: 1 / step } })

async function expectRows(
  { harness, logger, setup }: Opened,
  expected: readonly KeptRow[],
  what: string,
): Promise<void> {
  if (!harness.rows) return
  const kept = await harness.rows(logger, setup)
  expectEqual(kept.length, expected.length, `number of rows ${what}`)
  for (const [index, row] of expected.entries()) {
    const found = kept[index] as KeptRow
    expectEqual([found.step, found.epoch], [row.step, row.epoch], `step and epoch of row ${index} ${what}`)
    expectEqual({ ...found.metrics }, { ...row.metrics }, `metrics of row ${index} ${what}`)
  }
}

function checkIdentity({ logger }: Opened): void {
  expectTrue(logger.name.length > 0, 'A logger needs a name: checkpoints keep its position under it.')
  expectTrue(logger.version.length > 0, 'version is empty after setup.')
}

async function checkTwice(opened: Opened): Promise<void> {
  const { logger, setup } = opened
  const { version, logDir } = logger
  await logger.setup(setup)
  expectEqual([logger.version, logger.logDir], [version, logDir], 'version and logDir after a second setup')
  logAll(logger, [simpleRow(1)])
  await logger.setup(setup)
  logAll(logger, [simpleRow(2)])
  await logger.finalize('completed')
  await expectRows(opened, [simpleRow(1), simpleRow(2)], 'after setups in between')
}

async function checkRows(opened: Opened): Promise<void> {
  logAll(opened.logger, ROWS)
  await opened.logger.finalize('completed')
  await expectRows(opened, ROWS, 'of all kinds')
}

async function checkCopies(opened: Opened): Promise<void> {
  const metrics: Record<string, number> = { loss: 1 }
  const moment: { -readonly [K in keyof LogMoment]: LogMoment[K] } = { globalStep: 1, epoch: 0 }
  opened.logger.logMetrics(metrics, moment)
  metrics['loss'] = 99
  metrics['other'] = 1
  moment.globalStep = 77
  await opened.logger.finalize('completed')
  await expectRows(opened, [{ step: 1, epoch: 0, metrics: { loss: 1 } }], 'whose objects changed after the call')
}

async function checkFlush(opened: Opened): Promise<void> {
  logAll(opened.logger, ROWS)
  await opened.logger.flush?.()
  await expectRows(opened, ROWS, 'after flush, without an end')
  logAll(opened.logger, [{ step: 9, epoch: 2, metrics: { 'another/metric': 1 } }])
  await opened.logger.flush?.()
  await expectRows(opened, [...ROWS, { step: 9, epoch: 2, metrics: { 'another/metric': 1 } }], 'after a second flush')
}

async function checkEmptyRow({ logger }: Opened): Promise<void> {
  logger.logMetrics({}, { globalStep: 1, epoch: 0 })
  await logger.finalize('completed')
}

async function checkHyperparameters({ logger }: Opened): Promise<void> {
  logger.logHyperparameters({
    learningRate: 1e-3,
    layers: [64, 10],
    name: 'a: b # no comment\n- not a list',
    nested: { deep: { on: true, off: null } },
    empty: {},
  })
  await logger.flush?.()
  logger.logHyperparameters({})
  await logger.finalize('completed')
}

function checkPosition({ logger }: Opened): void {
  const start = JSON.stringify(logger.position())
  expectJson(logger.position(), 'position()')
  logAll(logger, [simpleRow(1)])
  expectJson(logger.position(), 'position() after a row')
  if (logger.rewind)
    expectTrue(
      JSON.stringify(logger.position()) !== start,
      'position() is the same after a row, so rewind cannot tell.',
    )
}

async function checkRewind(opened: Opened): Promise<void> {
  const { logger } = opened
  if (!logger.rewind) return
  logAll(logger, ROWS.slice(0, 2))
  const position = throughJson(logger.position())
  logAll(logger, ROWS.slice(2))
  await logger.flush?.()
  await logger.rewind(position)
  await expectRows(opened, ROWS.slice(0, 2), 'after rewind')
  await logger.rewind(position)
  logAll(logger, [simpleRow(8)])
  await logger.finalize('completed')
  await expectRows(opened, [...ROWS.slice(0, 2), simpleRow(8)], 'written after rewind')
}

async function checkResume(open: (setup: LoggerSetup) => Promise<Opened>, harness: LoggerHarness): Promise<void> {
  const setup = setupOf(harness)
  const first = await open(setup)
  if (!first.logger.rewind || harness.durable === false) return
  logAll(first.logger, ROWS.slice(0, 3))
  const position = throughJson(first.logger.position())
  logAll(first.logger, ROWS.slice(3))
  await first.logger.flush?.()
  // The process ends here, without finalize.
  const second = await open(setup)
  await second.logger.rewind?.(position)
  logAll(second.logger, [simpleRow(8)])
  await second.logger.finalize('completed')
  await expectRows(second, [...ROWS.slice(0, 3), simpleRow(8)], 'of a run that was resumed')
}

async function checkFailure(opened: Opened): Promise<void> {
  logAll(opened.logger, ROWS.slice(0, 1))
  await opened.logger.finalize('failed')
  await expectRows(opened, ROWS.slice(0, 1), 'after finalize("failed")')
}

async function checkClosing(open: () => Promise<Opened>, { create }: LoggerHarness): Promise<void> {
  const { logger } = await open()
  await logger.finalize('stopped')
  await logger.finalize('stopped')
  // A run whose device cannot be set up ends before its loggers are.
  await create().finalize('failed')
}
