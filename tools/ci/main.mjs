/**
 * `node tools/ci/main.mjs <folder>`: names what failed in the stages of `.ci/run`, and ends with a line
 * `N passed, N failed`. Exits with 1 if anything failed.
 */
import { summarise } from './summary.mjs'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Say the folder: node tools/ci/main.mjs <folder>')

const { passed, failed } = summarise(folder)
for (const each of failed) console.log(`failed: ${each}`)
console.log(`${passed} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0
