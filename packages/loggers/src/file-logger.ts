import {
  type Files,
  LevinError,
  type Logger,
  type LoggerPosition,
  type LoggerSetup,
  type LogMoment,
  type MetricRow,
} from '@levin/core'
import { hyperparametersYaml } from './hyperparameters-yaml.js'
import { byteLength, LineFile, readLines } from './line-file.js'
import type { RowEncoder } from './row-encoder.js'
import { claimRunFolder } from './run-folder.js'

/** Options of the loggers that write files. */
export interface FileLoggerOptions {
  /** Folder of all runs. Default: the Trainer's `defaultRootDir`. */
  saveDir?: string | undefined
  /** Folder of this kind of run, below `saveDir`; `''` for none. Default `'default'`. */
  name?: string | undefined
  /**
   * Folder of this run, below `name`; a number makes `version_<n>`. One that exists is continued. Default: the next
   * number that is free.
   */
  version?: string | number | undefined
  /**
   * Optimizer steps after which buffered rows are written; they are also written at `flush()`, when a checkpoint is
   * saved, and at the end. Default 100.
   */
  flushEverySteps?: number | undefined
}

/**
 * Keeps rows in a file of lines and hyper-parameters in `hparams.yaml`, in the folder `<saveDir>/<name>/<version>`.
 *
 * Rows are appended, whole lines at a time and without waiting. Only a metric that first appears after the header has
 * been written needs the file to be rewritten, once per such moment, in the background and atomically.
 */
export class FileLogger implements Logger {
  readonly name: string
  version = ''
  logDir: string | undefined
  readonly #options: FileLoggerOptions
  readonly #encoder: RowEncoder
  #files: Files | undefined
  #file: LineFile | undefined
  #buffer: MetricRow[] = []
  /** Rows in the file. */
  #written = 0
  #flushedStep = 0
  /** A rewrite that is going on: appends wait for it. */
  #rewriting: Promise<void> | undefined
  /** Text of hparams.yaml that is not written yet. */
  #hyperparameters: string | undefined

  constructor(encoder: RowEncoder, options: FileLoggerOptions) {
    this.name = options.name ?? 'default'
    this.#options = options
    this.#encoder = encoder
  }

  async setup({ platform, rootDir, isGlobalZero }: LoggerSetup): Promise<void> {
    if (this.#file || !isGlobalZero) return
    const { files } = platform
    if (!files) throw noFiles(this.#encoder.format, platform.name)
    const { saveDir = rootDir, version } = this.#options
    const folder = await claimRunFolder(files, { saveDir, name: this.name, version })
    const file = new LineFile(`${folder.path}/${this.#encoder.fileName}`, files)
    this.#written = this.#encoder.adopt(await file.open()).rows.length
    for (const row of this.#buffer) this.#encoder.learn(row)
    this.#files = files
    this.#file = file
    this.version = folder.version
    this.logDir = folder.path
  }

  logMetrics(metrics: MetricRow, { globalStep, epoch }: LogMoment): void {
    const row = { epoch, step: globalStep, ...metrics }
    this.#encoder.learn(row)
    this.#buffer.push(row)
    if (globalStep < this.#flushedStep) this.#flushedStep = globalStep
    if (globalStep - this.#flushedStep < (this.#options.flushEverySteps ?? 100)) return
    this.#flushedStep = globalStep
    this.#tryWrite()
  }

  logHyperparameters(hyperparameters: Readonly<Record<string, unknown>>): void {
    this.#hyperparameters = hyperparametersYaml(hyperparameters)
    // If it fails, flush() tries again and says why.
    this.#writeHyperparameters().catch(() => {})
  }

  async flush(): Promise<void> {
    await this.#writeHyperparameters()
    while (this.#file && (this.#rewriting || this.#buffer.length > 0)) {
      await this.#rewriting
      await this.#file.repair()
      this.#write()
    }
  }

  /** Counted in rows, not in bytes: the header may grow. */
  position(): LoggerPosition {
    // What a checkpoint counts must not be lost in a crash after it.
    this.#tryWrite()
    const rows = this.#written + this.#buffer.length
    return { format: this.#encoder.format, rows, ...(this.#file ? { file: this.#file.path } : {}) }
  }

  /**
   * In the run's own folder, rows after the position are cut off. In a new folder, the rows up to the position are taken
   * over from the old one, which stays as it is: either way the file tells the run from its beginning, without doubles.
   */
  async rewind({ format, rows, file: path }: LoggerPosition): Promise<void> {
    if (format !== this.#encoder.format || typeof rows !== 'number' || typeof path !== 'string') return
    const { file, files } = this.#ready()
    await this.flush()
    this.#flushedStep = 0
    if (path === file.path) await this.#cut(file, rows)
    else if (file.isEmpty) await this.#takeOver(file, await readLines(files, path), rows)
  }

  async finalize(): Promise<void> {
    await this.flush()
  }

  async #cut(file: LineFile, count: number): Promise<void> {
    const { header, rows } = this.#encoder.split(await file.read())
    if (rows.length <= count) return
    const kept = linesOf(header, rows.slice(0, count))
    await file.truncate(byteLength(kept))
    this.#encoder.adopt(kept)
    this.#written = count
  }

  async #takeOver(file: LineFile, text: string, count: number): Promise<void> {
    const { header, rows } = this.#encoder.split(text)
    const kept = rows.slice(0, count)
    if (kept.length === 0) return
    await file.replace(linesOf(header, kept))
    this.#encoder.adopt(header)
    this.#written = kept.length
  }

  /** Writes what can be written now. A failure is left for `flush()`, which tries again: logging stops no training. */
  #tryWrite(): void {
    try {
      this.#write()
    } catch {}
  }

  #write(): void {
    const file = this.#file
    if (!file || file.isTorn || this.#rewriting || this.#buffer.length === 0) return
    if (this.#encoder.outgrown) {
      this.#rewriting = this.#rewrite(file).finally(() => {
        this.#rewriting = undefined
      })
      // Whoever awaits it in flush() gets the error.
      this.#rewriting.catch(() => {})
      return
    }
    const lines = this.#buffer.map((row) => this.#encoder.encode(row))
    file.append(linesOf(file.isEmpty ? this.#encoder.header() : '', lines))
    this.#encoder.settle(this.#encoder.width)
    this.#written += lines.length
    this.#buffer = []
  }

  /** Writes the file anew under a header that has all columns. */
  async #rewrite(file: LineFile): Promise<void> {
    const { rows: before } = this.#encoder.split(await file.read())
    const rows = this.#buffer
    this.#buffer = []
    try {
      const { width } = this.#encoder
      const lines = [
        ...before.map((line) => this.#encoder.widen(line)),
        ...rows.map((row) => this.#encoder.encode(row)),
      ]
      await file.replace(linesOf(this.#encoder.header(), lines))
      this.#encoder.settle(width)
      this.#written = lines.length
    } catch (error) {
      this.#buffer = [...rows, ...this.#buffer]
      throw error
    }
  }

  async #writeHyperparameters(): Promise<void> {
    const text = this.#hyperparameters
    if (text === undefined || !this.#files) return
    await this.#files.write(`${this.logDir}/hparams.yaml`, text)
    if (this.#hyperparameters === text) this.#hyperparameters = undefined
  }

  #ready(): { file: LineFile; files: Files } {
    if (this.#file && this.#files) return { file: this.#file, files: this.#files }
    throw new LevinError('LEVIN_FILES', {
      message: `The logger '${this.name}' was used before it was set up.`,
      remedy: 'Call setup() first; the Trainer does.',
    })
  }
}

const linesOf = (header: string, lines: readonly string[]): string => header + lines.map((line) => `${line}\n`).join('')

const noFiles = (format: string, platform: string): LevinError =>
  new LevinError('LEVIN_FILES', {
    message: `The logger '${format}' writes files, and the platform '${platform}' has none.`,
    remedy: 'Use memoryLogger() or consoleLogger() here, or a platform with files.',
  })
