import { definePlugin } from '@levin/core'
import { filesAvailable } from './csv-logger.js'
import { FileLogger, type FileLoggerOptions } from './file-logger.js'
import { fileLoggerSchema } from './file-logger-options.js'
import { JsonlEncoder } from './jsonl-encoder.js'

export type JsonlLoggerOptions = FileLoggerOptions

/**
 * Keeps metrics in `<saveDir>/<name>/version_<n>/metrics.jsonl`, one JSON object per row with `epoch`, `step` and the
 * metrics, and hyper-parameters in `hparams.yaml` beside it. NaN and infinities are strings: `"NaN"`, `"Infinity"`,
 * `"-Infinity"`.
 */
export const jsonlLogger = /* @__PURE__ */ definePlugin({
  kind: 'logger',
  name: 'jsonl',
  apiVersion: 1,
  priority: -1,
  schema: fileLoggerSchema,
  availability: filesAvailable,
  create: (options: JsonlLoggerOptions) => new FileLogger(new JsonlEncoder(), options),
})
