/** `npm start [-- options]`: trains the digit classifier of examples/mnist, in a fresh clone too. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, fromSources, root, run, say } from './workspace.mjs'

const main = join(root, 'examples', 'mnist', 'src', 'main.ts')
if (!existsSync(main)) {
  say(`there is no ${main}: the clone is not whole.`)
  process.exit(1)
}
bootstrap({ package: '@levin/example-mnist' })
// From sources, through tsx: all of it loads in 0.7 s, with tsx's cache empty too; building the packages it uses takes
// half a minute, and saves 0.1 s of each start.
process.exitCode = await run([...fromSources, main, ...process.argv.slice(2)])
