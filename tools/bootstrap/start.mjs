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
// From sources, through tsx: no build of a dozen packages stands between a fresh clone and the first training step.
process.exitCode = await run([...fromSources, main, ...process.argv.slice(2)])
