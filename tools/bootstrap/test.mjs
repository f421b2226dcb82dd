/**
 * `npm test [-- options of vitest]`: every test. Without options the consumer test runs too, which builds and packs
 * the packages and uses them from an empty folder.
 */
import { join } from 'node:path'
import { binary, bootstrap, root, run, say } from './workspace.mjs'

const options = process.argv.slice(2)
const narrowed = options.length > 0
const results = process.env.LEVIN_RESULTS
const report = results
  ? ['--reporter=default', '--reporter=json', `--outputFile.json=${join(results, 'vitest.json')}`]
  : []

bootstrap()
const suite = await run([binary('vitest'), 'run', ...report, ...options])
if (narrowed) say('options were given: the consumer test is left out')
const consumer = narrowed ? 0 : await run([join(root, 'tools', 'consumer-test', 'main.mjs')])
process.exitCode = suite || consumer
