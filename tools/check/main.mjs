/**
 * `pnpm check [names]`: what must hold besides the tests, each a line; the output of a check is shown when it fails.
 * With names, only those: `pnpm check layers lint`.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { binary, environment, leaveReport, root, say } from '../bootstrap/workspace.mjs'

const nx = (target) => [binary('nx'), 'run-many', '-t', target, '--parallel=2', '--output-style=static']
const tsx = (tool) => [binary('tsx'), join(root, 'tools', tool, 'src', 'main.ts')]

/** What CI asks for, in this order: the quick ones first. */
const CHECKS = {
  layers: tsx('check-layers'),
  lint: [binary('biome', '@biomejs/biome'), 'check', '--error-on-warnings', '--max-diagnostics=100', '.'],
  links: tsx('check-links'),
  types: nx('types'),
  size: tsx('bundle-size'),
  unused: [binary('knip'), '--no-config-hints'],
  exports: nx('check:package'),
}

/** Of what nx prints, the tasks that failed: the others fill pages. */
function failuresOf(output) {
  const [tasks, summary] = output.split(/^Failed tasks:$/m)
  if (!summary) return output
  const failed = [...summary.matchAll(/^- (\S+)$/gm)].map(([, task]) => task)
  const sections = tasks.split(/^(?=> nx run )/m).filter((section) => {
    const task = section.split('\n', 1)[0].replace('> nx run ', '').replaceAll('"', '').trim()
    return failed.includes(task)
  })
  return sections.join('\n')
}

function attempt(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('close', (code) => resolve({ success: code === 0, output }))
  })
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in CHECKS))
if (unknown.length > 0) {
  say(`there is no check called '${unknown[0]}'; known: ${Object.keys(CHECKS).join(', ')}`)
  process.exit(1)
}

const passed = []
const failed = []
for (const [name, args] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const start = Date.now()
  const { success, output } = await attempt(args)
  const list = success ? passed : failed
  list.push(name)
  if (!success) console.error(failuresOf(output).trim())
  console.log(`${success ? 'passed' : 'FAILED'} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
}
leaveReport('check', { passed, failed })
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
