/**
 * Records the numbers that parity tests compare with: `node tools/parity/record.mjs [nn optim …]`, all by default.
 *
 * Makes a Python environment in node_modules/.cache, installs requirements.txt into it, and runs each script from the
 * root of the repository. A script that is called as a package gets the folder for its JSON,
 * `packages/<name>/test/parity`; others know theirs.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const environment = join(root, 'node_modules/.cache/levin-parity')
const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
const installed = join(environment, 'installed.txt')

const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' })

function prepare() {
  const requirements = readFileSync(join(here, 'requirements.txt'), 'utf8')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === requirements) return
  run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment])
  run(python, ['-m', 'pip', 'install', '--quiet', '-r', join(here, 'requirements.txt')])
  writeFileSync(installed, requirements)
}

function chosen() {
  const scripts = readdirSync(here).filter((name) => name.endsWith('.py'))
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !scripts.includes(`${name}.py`))
  if (unknown === undefined)
    return scripts.filter((script) => names.length === 0 || names.includes(script.slice(0, -3)))
  throw new Error(`tools/parity has no ${unknown}.py; it has ${scripts.join(', ')}.`)
}

const scripts = chosen()
prepare()
for (const script of scripts) {
  const folder = `packages/${script.slice(0, -3)}`
  run(python, [join(here, script), ...(existsSync(join(root, folder)) ? [`${folder}/test/parity`] : [])])
}
