/**
 * `npm test [-- options of vitest]`: every test of the suite. Without options the consumer test runs too, which builds
 * and packs the packages and uses them from an empty folder.
 */
import { join } from 'node:path'
import { binary, bootstrap, reportTo, root, run, say } from './workspace.mjs'

const options = process.argv.slice(2)
const narrowed = options.length > 0

bootstrap()
const suite = await run([binary('vitest'), 'run', ...reportTo('vitest'), ...options])
if (narrowed) say('options were given: the consumer test is left out')
const consumer = narrowed ? 0 : await run([join(root, 'tools', 'consumer-test', 'main.mjs')])
process.exitCode = suite || consumer
