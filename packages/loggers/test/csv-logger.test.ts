import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevinError } from '@levin/core'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type CsvLoggerOptions, csvLogger } from '../src/index.js'
import { filesWith, logSteps, setupIn, tempFolder } from './temp-folder.js'

async function started(folder: string, options: CsvLoggerOptions = {}) {
  const logger = csvLogger(options)
  await logger.setup(setupIn(folder))
  return { logger, file: join(logger.logDir as string, 'metrics.csv') }
}

const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)

describe('the folder', () => {
  test("is PyTorch Lightning's: <saveDir>/<name>/version_<n>, counted up", async () => {
    const folder = tempFolder()
    const versions: string[] = []
    for (let i = 0; i < 3; i++) versions.push((await started(folder, { name: 'mnist' })).logger.version)
    expect(versions).toEqual(['version_0', 'version_1', 'version_2'])
    expect(readdirSync(join(folder, 'mnist')).sort()).toEqual(versions)
    mkdirSync(join(folder, 'mnist', 'version_10'))
    const { logger } = await started(folder, { name: 'mnist' })
    expect(logger.logDir).toBe(join(folder, 'mnist', 'version_11'))
  })

  test('is the root folder of the Trainer unless saveDir says otherwise; a version may be given', async () => {
    const [root, other] = [tempFolder(), tempFolder()]
    expect((await started(root)).logger.logDir).toBe(join(root, 'default', 'version_0'))
    expect((await started(root, { saveDir: other, name: '', version: 7 })).logger.logDir).toBe(join(other, 'version_7'))
    expect((await started(root, { version: 'baseline' })).logger.version).toBe('baseline')
  })

  test('is never shared by two runs that start at the same moment', async () => {
    const folder = tempFolder()
    const loggers = await Promise.all(Array.from({ length: 12 }, () => started(folder)))
    expect(new Set(loggers.map(({ logger }) => logger.version)).size).toBe(12)
  })

  test('is asked for only when the folders above it exist: one call for all could call it new because they were', async () => {
    const asked: boolean[] = []
    const real = filesWith({})
    const makeFolder = (path: string) => {
      if (/version_/.test(path)) asked.push(existsSync(join(path, '..')))
      return real.makeFolder(path)
    }
    await csvLogger({ name: 'a/b' }).setup(setupIn(tempFolder(), { files: filesWith({ makeFolder }) }))
    expect(asked).toEqual([true])
  })

  test('that cannot be made is an error at setup, which names it and the way out', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'taken'), '')
    const setup = started(folder, { saveDir: join(folder, 'taken'), name: 'run' })
    await expect(setup).rejects.toSatisfy((error) => LevinError.isInstance(error, 'LEVIN_FILES'))
    await expect(setup).rejects.toThrow(new RegExp(`${join(folder, 'taken', 'run')}.*saveDir.*defaultRootDir`))
  })

  test('whose file cannot be written is an error at setup too', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'default', 'version_0', 'metrics.csv'), { recursive: true })
    await expect(started(folder, { version: 0 })).rejects.toSatisfy((error) =>
      LevinError.isInstance(error, 'LEVIN_FILES'),
    )
  })

  test('is not asked of a platform without files', async () => {
    const setup = setupIn(tempFolder(), { name: 'browser', files: undefined })
    await expect(csvLogger().setup(setup)).rejects.toThrow(/'browser' has none.*memoryLogger/)
  })

  test('is left alone by ranks that do not write', async () => {
    const folder = tempFolder()
    await csvLogger().setup({ ...setupIn(folder), isGlobalZero: false })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('rows', () => {
  test('carry epoch and step, and leave empty what they lack', async () => {
    const { logger, file } = await started(tempFolder())
    logger.logMetrics({ 'train/loss': 0.5, rate: 1e-7 }, { globalStep: 10, epoch: 0 })
    logger.logMetrics({ 'val/loss': 0.25 }, { globalStep: 20, epoch: 1 })
    await logger.finalize('completed')
    expect(lines(file)).toEqual(['epoch,step,train/loss,rate,val/loss', '0,10,0.5,1e-7,', '1,20,,,0.25'])
  })

  test('write NaN and infinities as Python reads them, and quote names that need it', async () => {
    const { logger, file } = await started(tempFolder())
    logger.logMetrics(
      { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: Number.NEGATIVE_INFINITY, 'x, "y"\nz': 1 },
      { globalStep: 0, epoch: 0 },
    )
    await logger.flush?.()
    expect(readFileSync(file, 'utf8')).toBe('epoch,step,a,b,c,"x, ""y""\nz"\n0,0,nan,inf,-inf,1\n')
  })

  test('are buffered, and written every so many steps without waiting', async () => {
    const { logger, file } = await started(tempFolder(), { flushEverySteps: 10 })
    logSteps(logger, 0, 10)
    expect(lines(file)).toEqual([])
    logSteps(logger, 10, 11)
    expect(lines(file)).toHaveLength(1 + 11)
    logSteps(logger, 11, 20)
    expect(lines(file)).toHaveLength(1 + 11)
    await logger.flush?.()
    expect(lines(file)).toHaveLength(1 + 20)
  })

  test('get new columns at the end, and the file is rewritten once per such moment, not once per row', async () => {
    const folder = tempFolder()
    let rewrites = 0
    const write = filesWith({}).write
    const files = filesWith({
      write: (path, data) => {
        if (path.endsWith('.csv')) rewrites++
        return write(path, data)
      },
    })
    const logger = csvLogger({ flushEverySteps: 1 })
    await logger.setup(setupIn(folder, { files }))
    for (let epoch = 0; epoch < 3; epoch++) {
      for (let step = 1; step <= 50; step++) logger.logMetrics({ loss: step }, { globalStep: epoch * 50 + step, epoch })
      logger.logMetrics({ 'val/loss': epoch, 'val/accuracy': epoch }, { globalStep: epoch * 50 + 50, epoch })
      await logger.flush?.()
    }
    const [header, ...rows] = lines(join(logger.logDir as string, 'metrics.csv'))
    expect(header).toBe('epoch,step,loss,val/loss,val/accuracy')
    expect(rows).toHaveLength(3 * 51)
    expect(new Set(rows.map((row) => row.split(',').length))).toEqual(new Set([5]))
    expect(rows[0]).toBe('0,1,1,,')
    expect(rows[50]).toBe('0,50,,0,0')
    expect(rows.at(-1)).toBe('2,150,,2,2')
    expect(rewrites).toBe(1)
    expect(readdirSync(logger.logDir as string)).toEqual(['metrics.csv'])
  })

  test('that come while the file is being rewritten keep their order, with columns of their own', async () => {
    const { logger, file } = await started(tempFolder(), { flushEverySteps: 1 })
    logSteps(logger, 1, 3, () => ({ a: 1 }))
    logSteps(logger, 3, 4, () => ({ b: 1 }))
    logSteps(logger, 4, 5, () => ({ c: 1 }))
    logSteps(logger, 5, 6, () => ({ d: 1 }))
    await logger.flush?.()
    expect(lines(file)).toEqual(['epoch,step,a,b,c,d', '0,1,1,,,', '0,2,1,,,', '0,3,,1,,', '0,4,,,1,', '0,5,,,,1'])
  })

  test('survive a disk that is full for a while: training goes on, nothing is written twice or by halves', async () => {
    const real = filesWith({})
    let full = false
    const appendSync = (path: string, data: string) => {
      if (!full) return real.appendSync(path, data)
      appendFileSync(path, data.slice(0, 5))
      throw new LevinError('LEVIN_FILES', { message: 'The disk is full.' })
    }
    const logger = csvLogger({ flushEverySteps: 5 })
    await logger.setup(setupIn(tempFolder(), { files: filesWith({ appendSync }) }))
    const file = join(logger.logDir as string, 'metrics.csv')
    logSteps(logger, 0, 6)
    full = true
    logSteps(logger, 6, 20)
    await expect(logger.flush?.()).rejects.toThrow('The disk is full.')
    full = false
    await logger.flush?.()
    expect(lines(file).slice(1)).toEqual(Array.from({ length: 20 }, (_, step) => `0,${step},${1 / (step + 1)}`))
  })

  test('survive a rewrite that fails', async () => {
    const real = filesWith({})
    let failing = true
    const write: typeof real.write = async (path, data) => {
      if (failing) throw new LevinError('LEVIN_FILES', { message: 'The disk is full.' })
      return real.write(path, data)
    }
    const logger = csvLogger()
    await logger.setup(setupIn(tempFolder(), { files: filesWith({ write }) }))
    logSteps(logger, 0, 2)
    await logger.flush?.()
    logSteps(logger, 2, 3, () => ({ other: 1 }))
    await expect(logger.flush?.()).rejects.toThrow('The disk is full.')
    failing = false
    await logger.finalize('completed')
    expect(lines(join(logger.logDir as string, 'metrics.csv'))).toEqual([
      'epoch,step,loss,other',
      '0,0,1,',
      '0,1,0.5,',
      '0,2,,1',
    ])
  })

  test('follow those of an existing version, whose last line may have been cut', async () => {
    const folder = tempFolder()
    const first = await started(folder, { version: 0 })
    logSteps(first.logger, 0, 3)
    await first.logger.finalize('failed')
    truncateSync(first.file, readFileSync(first.file).length - 4)
    const second = await started(folder, { version: 0 })
    logSteps(second.logger, 2, 4, (step) => ({ loss: step, other: step }))
    await second.logger.finalize('completed')
    expect(lines(second.file)).toEqual(['epoch,step,loss,other', '0,0,1,', '0,1,0.5,', '0,2,2,2', '0,3,3,3'])
  })
})

test('a line that was cut is removed before the first row is appended', async () => {
  const folder = tempFolder()
  const first = await started(folder, { version: 0 })
  logSteps(first.logger, 0, 3)
  await first.logger.finalize('failed')
  truncateSync(first.file, readFileSync(first.file).length - 4)
  const second = await started(folder, { version: 0 })
  expect(lines(second.file)).toHaveLength(3)
  logSteps(second.logger, 2, 3, () => ({ loss: 7 }))
  await second.logger.finalize('completed')
  expect(lines(second.file)).toEqual(['epoch,step,loss', '0,0,1', '0,1,0.5', '0,2,7'])
})

describe('rewinding', () => {
  test('cuts off rows after the position, in the same folder', async () => {
    const folder = tempFolder()
    const first = await started(folder, { version: 0 })
    logSteps(first.logger, 0, 10)
    const position = JSON.parse(JSON.stringify(first.logger.position()))
    logSteps(first.logger, 10, 25)
    await first.logger.flush?.()
    const resumed = await started(folder, { version: 0 })
    await resumed.logger.rewind?.(position)
    logSteps(resumed.logger, 10, 15)
    await resumed.logger.finalize('completed')
    expect(
      lines(resumed.file)
        .slice(1)
        .map((line) => Number(line.split(',')[1])),
    ).toEqual([...Array(15).keys()])
  })

  test('writes what a position counts before it is given away: a crash after a checkpoint loses no row of it', async () => {
    const { logger, file } = await started(tempFolder())
    logSteps(logger, 0, 7)
    expect(logger.position()['rows']).toBe(7)
    expect(lines(file)).toHaveLength(8)
  })

  test('finds its row also when the header has grown since, and the last line is cut', async () => {
    const folder = tempFolder()
    const first = await started(folder, { version: 0 })
    logSteps(first.logger, 0, 4)
    const position = first.logger.position()
    logSteps(first.logger, 4, 8, (step) => ({ loss: step, 'a,b': step }))
    await first.logger.flush?.()
    truncateSync(first.file, readFileSync(first.file).length - 2)
    const resumed = await started(folder, { version: 0 })
    await resumed.logger.rewind?.(position)
    expect(lines(resumed.file)).toEqual(['epoch,step,loss,"a,b"', '0,0,1,', '0,1,0.5,', `0,2,${1 / 3},`, '0,3,0.25,'])
    logSteps(resumed.logger, 4, 5, () => ({ 'a,b': 9 }))
    await resumed.logger.finalize('completed')
    expect(lines(resumed.file).at(-1)).toBe('0,4,,9')
  })

  test('takes the rows over into a new folder and leaves the old one as it was', async () => {
    const folder = tempFolder()
    const first = await started(folder)
    logSteps(first.logger, 0, 6)
    const position = first.logger.position()
    logSteps(first.logger, 6, 9)
    await first.logger.finalize('failed')
    const before = readFileSync(first.file, 'utf8')
    const resumed = await started(folder)
    await resumed.logger.rewind?.(position)
    logSteps(resumed.logger, 6, 12, (step) => ({ loss: step, more: step }))
    await resumed.logger.finalize('completed')
    expect(resumed.logger.version).toBe('version_1')
    expect(
      lines(resumed.file)
        .slice(1)
        .map((line) => Number(line.split(',')[1])),
    ).toEqual([...Array(12).keys()])
    expect(readFileSync(first.file, 'utf8')).toBe(before)
  })

  test('to the beginning leaves an empty file, which a new header may begin', async () => {
    const { logger, file } = await started(tempFolder())
    const position = logger.position()
    logSteps(logger, 0, 3)
    await logger.rewind?.(position)
    logSteps(logger, 0, 1, () => ({ other: 5 }))
    await logger.flush?.()
    expect(lines(file)[0]).toMatch(/other$/)
    expect(lines(file).slice(1)).toHaveLength(1)
  })

  test('is without effect where the old file is gone or has fewer rows', async () => {
    const folder = tempFolder()
    const { logger, file } = await started(folder)
    logSteps(logger, 0, 3)
    await logger.rewind?.({ format: 'csv', rows: 10, file })
    expect(logger.position()['rows']).toBe(3)
    await logger.rewind?.({ format: 'csv', rows: 0, file: join(folder, 'gone.csv') })
    expect(lines(file)).toHaveLength(4)
  })
})

describe('hyper-parameters', () => {
  test('are YAML that reads back as it was, with numbers that Python reads as numbers', async () => {
    const { logger } = await started(tempFolder())
    const hyperparameters = {
      learningRate: 1e-7,
      large: 1.5e21,
      batchSize: 64,
      sizes: [1, 2],
      nested: { flag: true, none: null },
      text: 'yes',
      version: '1.0',
    }
    logger.logHyperparameters(hyperparameters)
    await logger.flush?.()
    const text = readFileSync(join(logger.logDir as string, 'hparams.yaml'), 'utf8')
    expect(parse(text, { version: '1.1' })).toEqual(hyperparameters)
    expect(text).toContain('learningRate: 1.0e-7\n')
    expect(text).toContain('text: "yes"\n')
  })

  test('that were logged before setup are written by it or by the next flush', async () => {
    const logger = csvLogger()
    logger.logHyperparameters({ a: 1 })
    await logger.setup(setupIn(tempFolder()))
    await logger.finalize('completed')
    expect(existsSync(join(logger.logDir as string, 'hparams.yaml'))).toBe(true)
  })
})

test.each([
  ['a flush interval of 0', { flushEverySteps: 0 }, /flushEverySteps/],
  ['a version that leads out of the folder', { version: '../x' }, /version/],
  ['a name that is a path from the root', { name: '/etc' }, /name.*below saveDir/],
  ['an option it does not have', { prefix: 'a' } as object, /prefix/],
])('the csv logger refuses %s', (_, options, message) => {
  expect(() => csvLogger(options)).toThrow(
    expect.objectContaining({ code: 'LEVIN_BAD_OPTION', message: expect.stringMatching(message) }),
  )
})
