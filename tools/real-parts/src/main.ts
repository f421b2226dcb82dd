/** Installs the real parts that tests name: `tsx tools/real-parts/src/main.ts`, as root on Debian or Ubuntu. */
import { fileURLToPath } from 'node:url'
import { namedParts } from './named-parts.js'
import { installParts, PARTS } from './parts.js'

const names = namedParts(fileURLToPath(new URL('../../../', import.meta.url)))
if (names.length === 0) console.log('real parts: no test needs any')
for (const name of names) console.log(`real parts: ${name}: ${PARTS[name].what}`)
installParts(names)
