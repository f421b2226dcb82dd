/** `pnpm check:layers`: the layer table of ARCHITECTURE.md, as a check. */
import { fileURLToPath } from 'node:url'
import { checkLayers } from './check-layers.js'

const problems = checkLayers(fileURLToPath(new URL('../../../', import.meta.url)))
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log('layers: every package stands where it may')
