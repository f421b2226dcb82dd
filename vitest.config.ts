import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tools/build/longest-first.js'

const cores = availableParallelism()

export default defineConfig({
  test: {
    // vitest leaves one core to itself, which on two of them is half of the machine.
    maxWorkers: Math.min(cores, Math.max(2, cores - 1)),
    sequence: { sequencer: LongestFirst },
    // An advertisement of tfjs, once per test file.
    onConsoleLog: (log) => !log.includes('Hi, looks like you are running TensorFlow.js in Node.js'),
    projects: [
      'packages/*/vitest.config.ts',
      'plugins/*/vitest.config.ts',
      'examples/*/vitest.config.ts',
      'tools/*/vitest.config.ts',
    ],
  },
})
