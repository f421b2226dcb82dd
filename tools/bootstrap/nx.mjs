/** nx with the workspace's commands on its PATH: `node tools/bootstrap/nx.mjs run-many -t build`. */
import { binary, run } from './workspace.mjs'

process.exitCode = await run([binary('nx'), ...process.argv.slice(2)])
