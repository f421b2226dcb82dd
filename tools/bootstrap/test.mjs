/**
 * `npm test [-- options of vitest]`: every test. Without options the consumer test runs too, which builds and packs
 * the packages and uses them from an empty folder.
 */
import { join } from 'node:path'
import { binary, bootstrap, root, run, say } from './workspace.mjs'

const options = process.argv.slice(2)
bootstrap()
const suite = await run([binary('vitest'), 'run', ...options])
const narrowed = options.some((option) => !option.startsWith('--reporter') && !option.startsWith('--outputFile'))
if (narrowed) say('options were given: the consumer test is left out')
const consumer = narrowed ? 0 : await run([join(root, 'tools', 'consumer-test', 'main.mjs')])
process.exitCode = suite || consumer
