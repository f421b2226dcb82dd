import { register } from '@levin/core'
import { type ConsoleLoggerOptions, consoleLogger } from './console-logger.js'
import { type CsvLoggerOptions, csvLogger } from './csv-logger.js'
import { type JsonlLoggerOptions, jsonlLogger } from './jsonl-logger.js'
import { type MemoryLoggerOptions, memoryLogger } from './memory-logger.js'

declare module '@levin/core' {
  interface LoggerRegistry {
    csv: CsvLoggerOptions
    jsonl: JsonlLoggerOptions
    console: ConsoleLoggerOptions
    memory: MemoryLoggerOptions
  }
}

for (const logger of [csvLogger, jsonlLogger, consoleLogger, memoryLogger]) register(logger)
