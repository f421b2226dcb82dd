import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
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
