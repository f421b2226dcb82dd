import * as v from 'valibot'
import type { FileLoggerOptions } from './file-logger.js'

/** A folder's name or path within another one: it must not lead out of it. */
const inside = v.pipe(
  v.string(),
  v.check((path) => !path.split(/[/\\]/).includes('..') && !/^[/\\]/.test(path), 'Expected a path below saveDir'),
)

export const fileLoggerSchema: v.GenericSchema<FileLoggerOptions> = v.strictObject({
  saveDir: v.optional(v.string()),
  name: v.optional(inside),
  version: v.optional(
    v.union([v.pipe(v.string(), v.nonEmpty(), inside), v.pipe(v.number(), v.integer(), v.minValue(0))]),
  ),
  flushEverySteps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
})
