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
// From sources, through tsx: the first line of output is there after 1.3 s (2.0 s with tsx's cache empty), built it is
// after 1.1 s, and building what it uses takes a minute on two cores.
process.exitCode = await run([...fromSources, main, ...process.argv.slice(2)])
