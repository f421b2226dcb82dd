/**
 * Installs the peers of `npm run bench` that do not come from npm: `node tools/bench/install-peers.mjs`.
 *
 * Makes a Python environment in node_modules/.cache and installs src/peers/python/requirements.txt into it. Does nothing
 * where that was done already.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const list = fileURLToPath(new URL('./src/peers/python/requirements.txt', import.meta.url))
const environment = join(root, 'node_modules/.cache/levin-bench/python')
const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
const installed = join(environment, 'installed.txt')

const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' })

const requirements = readFileSync(list, 'utf8')
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== requirements) {
  run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment])
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', list])
  writeFileSync(installed, requirements)
}
