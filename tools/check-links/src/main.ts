/** `pnpm check:links`: the links between the pages of this repository. */
import { fileURLToPath } from 'node:url'
import { checkLinks } from './check-links.js'

const problems = checkLinks(fileURLToPath(new URL('../../../', import.meta.url)))
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
else console.log('links: every relative link leads somewhere')
