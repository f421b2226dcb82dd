import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pickAvailable, pluginsOf, recipeOf, resolve, type Terminal } from '@levin/core'
import { expect, test, vi } from 'vitest'
import { consoleLogger, jsonlLogger, memoryLogger } from '../src/index.js'
import { logSteps, setupIn, tempFolder } from './temp-folder.js'
import '../src/register.js'

test('jsonl keeps one object per row, with NaN and infinities that JSON can say', async () => {
  const logger = jsonlLogger({ name: 'run' })
  await logger.setup(setupIn(tempFolder()))
  logger.logHyperparameters({ batchSize: 8 })
  logger.logMetrics({ loss: 0.5 }, { globalStep: 3, epoch: 1 })
  logger.logMetrics({ a: Number.NaN, b: Number.NEGATIVE_INFINITY }, { globalStep: 4, epoch: 1 })
  await logger.finalize('completed')
  const file = join(logger.logDir as string, 'metrics.jsonl')
  expect(readFileSync(file, 'utf8')).toBe(
    '{"epoch":1,"step":3,"loss":0.5}\n{"epoch":1,"step":4,"a":"NaN","b":"-Infinity"}\n',
  )
  expect(readFileSync(join(logger.logDir as string, 'hparams.yaml'), 'utf8')).toBe('batchSize: 8\n')
})

test('jsonl rewinds to a position', async () => {
  const folder = tempFolder()
  const logger = jsonlLogger({ version: 0 })
  await logger.setup(setupIn(folder))
  logSteps(logger, 0, 5)
  const position = logger.position()
  logSteps(logger, 5, 9)
  await logger.finalize('aborted')
  const resumed = jsonlLogger({ version: 0 })
  await resumed.setup(setupIn(folder))
  await resumed.rewind?.(position)
  logSteps(resumed, 5, 7)
  await resumed.finalize('completed')
  const rows = readFileSync(join(resumed.logDir as string, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
  expect(rows.map((row) => JSON.parse(row).step)).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('memory keeps rows, hyper-parameters, checkpoints and the end of the run', async () => {
  const logger = memoryLogger()
  await logger.setup()
  logger.logHyperparameters({ a: 1 })
  logSteps(logger, 0, 3, (step) => ({ loss: step }))
  const position = logger.position()
  logSteps(logger, 3, 6, (step) => ({ loss: step }))
  logger.rewind(position)
  logger.afterSaveCheckpoint('/run/last')
  logger.finalize('stopped')
  expect(logger.rows[1]).toEqual({ epoch: 0, step: 1, metrics: { loss: 1 } })
  expect(logger.values('loss')).toEqual([0, 1, 2])
  expect(logger).toMatchObject({ hyperparameters: { a: 1 }, checkpoints: ['/run/last'], status: 'stopped' })
})

test('console prints a line per row on the terminal, above an unfinished line where there is one', async () => {
  const written: string[] = []
  const terminal: Terminal = { interactive: true, color: false, columns: () => 80, write: (text) => written.push(text) }
  const logger = consoleLogger()
  await logger.setup(setupIn('', { terminal }))
  logger.logMetrics({ 'train/loss': 0.123456789, count: 12 }, { globalStep: 50, epoch: 2 })
  expect(written).toEqual(['\r\u001b[2Kepoch 2  step 50  train/loss 0.12346  count 12\n'])
})

test('console prints by console.log where there is no terminal, and only every so many rows', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const logger = consoleLogger({ every: 2 })
  await logger.setup(setupIn('', { terminal: undefined }))
  logSteps(logger, 0, 4, (step) => ({ loss: step }))
  expect(log.mock.calls.flat()).toEqual(['epoch 0  step 0  loss 0', 'epoch 0  step 2  loss 2'])
  log.mockRestore()
})

test('all four are registered by name, and csv is the one that is used when none is named', async () => {
  expect(pluginsOf('logger').map(({ name }) => name)).toEqual(
    expect.arrayContaining(['csv', 'jsonl', 'console', 'memory']),
  )
  const usual = await pickAvailable('logger')
  expect(usual && recipeOf(usual)).toEqual({ kind: 'logger', name: 'csv', options: {} })
  const chosen = resolve('logger', ['jsonl', { name: 'run' }])
  expect(chosen?.name).toBe('run')
})
