import { type Availability, currentPlatform, definePlugin } from '@levin/core'
import { CsvEncoder } from './csv-encoder.js'
import { FileLogger, type FileLoggerOptions } from './file-logger.js'
import { fileLoggerSchema } from './file-logger-options.js'

export type CsvLoggerOptions = FileLoggerOptions

/**
 * Keeps metrics in `<saveDir>/<name>/version_<n>/metrics.csv` and hyper-parameters in `hparams.yaml` beside it: the
 * layout of PyTorch Lightning's CSVLogger. One row per call; columns `epoch`, `step`, then the metrics as they appear.
 *
 * What a Trainer uses when it is registered and no logger is named.
 *
 * @example new Trainer({ loggers: [csvLogger({ saveDir: 'runs', name: 'mnist' })] })
 */
export const csvLogger = /* @__PURE__ */ definePlugin({
  kind: 'logger',
  name: 'csv',
  apiVersion: 1,
  schema: fileLoggerSchema,
  availability: filesAvailable,
  create: (options: CsvLoggerOptions) => new FileLogger(new CsvEncoder(), options),
})

/** Whether this platform has files. */
export function filesAvailable(): Availability {
  const { files, name } = currentPlatform()
  if (files) return { ok: true }
  return {
    ok: false,
    reason: `the platform '${name}' has no files.`,
    remedy: 'Use memoryLogger() or consoleLogger().',
  }
}
