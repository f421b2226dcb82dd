/** `npm run bench -- <suite> [options]`: measures; without a suite it lists them. */
import { join } from 'node:path'
import { bootstrap, fromSources, root, run } from './workspace.mjs'

bootstrap({ package: '@levin/bench' })
process.exitCode = await run([...fromSources, join(root, 'tools', 'bench', 'src', 'main.ts'), ...process.argv.slice(2)])
