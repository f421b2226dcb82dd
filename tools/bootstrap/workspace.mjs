/**
 * What `npm start`, `npm test` and `npm run bench` share: from a fresh clone with Node and npm alone to a workspace
 * that runs. Plain Node, no dependency, and no syntax newer than Node 14, so that an old Node reaches the error that
 * names the version it needs.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

const seconds = (start) => `${((Date.now() - start) / 1000).toFixed(1)} s`

/** One line per phase, on stderr: stdout belongs to the program that is run. */
export const say = (line) => process.stderr.write(`levin: ${line}\n`)

function fail(message) {
  say(message)
  process.exit(1)
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const wanted = readJson(join(root, 'package.json')).engines.node.replace('>=', '').split('.').map(Number)
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return
  fail(`Node ${wanted.join('.')} or newer is needed, and this is ${process.versions.node}. Install it from nodejs.org.`)
}

/** How to run npx without a shell: npm says where it is; its npx lies beside it, on Windows too. */
function npx() {
  const npm = process.env.npm_execpath
  const script = npm && /npm-cli\.js$/.test(npm) ? join(dirname(npm), 'npx-cli.js') : undefined
  if (script && existsSync(script)) return { command: process.execPath, args: [script], shell: false }
  return { command: 'npx', args: [], shell: process.platform === 'win32' }
}

/** The JavaScript file behind a command of an installed package: runs the same on every system, without a shell. */
export function binary(name, packageName = name) {
  const folder = join(root, 'node_modules', packageName)
  const { bin } = readJson(join(folder, 'package.json'))
  return join(folder, typeof bin === 'string' ? bin : bin[name])
}

/**
 * pnpm copies the lockfile it installed from into `node_modules/.pnpm`, last of all; equal copies mean that nothing is
 * to be done, and nothing is asked of the network.
 */
function isInstalled() {
  const installed = join(root, 'node_modules', '.pnpm', 'lock.yaml')
  if (!existsSync(installed)) return false
  const text = (path) => readFileSync(path, 'utf8').replace(/\r\n/g, '\n')
  return text(installed) === text(join(root, 'pnpm-lock.yaml'))
}

/** nx as it must behave in a script: no daemon left behind, no screen of its own, no cloud. */
const quiet = { NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true', NX_VERBOSE_LOGGING: 'false' }

/**
 * The commands of the workspace on the PATH, pnpm among them: nobody has to install it. The detour through `tools`
 * hides the folder from nx, which takes `<root>/node_modules/…` off the PATH of the scripts it runs and then finds no
 * pnpm to run them with.
 */
const commands = [root, 'tools', '..', 'node_modules', '.bin'].join(sep).replace(sep + sep, sep)

/** Windows spells it `Path`; a second spelling beside it would be ignored. */
const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') || 'PATH'

/** The environment in which commands of the workspace run. */
export const environment = (extra) => ({
  ...process.env,
  ...quiet,
  [pathName]: `${commands}${delimiter}${process.env[pathName]}`,
  ...extra,
})

/** Runs one phase and says how long it took; nothing where `idle` finds in its output that nothing was to be done. */
function phase(title, command, args, { shell = false, idle = /(?!)/ } = {}) {
  const start = Date.now()
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: environment(),
    shell,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0) return idle.test(stdout) ? undefined : say(`${title} (${seconds(start)})`)
  process.stderr.write(`${stdout || ''}${stderr || ''}${error ? `${error.message}\n` : ''}`)
  fail(`${title}: failed. The command was: ${[command, ...args].join(' ')}`)
}

function install() {
  if (isInstalled()) return
  const packageManager = readJson(join(root, 'package.json')).packageManager.split('+')[0]
  const { command, args, shell } = npx()
  say(`installing with ${packageManager}; only the first run does this`)
  // `prepare` would generate for every package; what the command at hand needs is generated below.
  const options = ['install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts', '--reporter=append-only']
  phase('installed', command, [...args, '-y', packageManager, ...options], { shell })
}

/** Every package of the workspace by name: its folder and its manifest. */
export function workspacePackages() {
  const found = new Map()
  for (const group of ['packages', 'plugins', 'examples', 'tools']) {
    const parent = join(root, group)
    if (!existsSync(parent)) continue
    for (const entry of readdirSync(parent)) {
      const path = join(parent, entry, 'package.json')
      if (!existsSync(path)) continue
      const manifest = readJson(path)
      found.set(manifest.name, { folder: join(parent, entry), manifest })
    }
  }
  return found
}

const EVERY_KIND = ['dependencies', 'peerDependencies', 'devDependencies']

/** A package and all of ours that it stands on, by the kinds of dependencies named. */
export function closure(name, packages, kinds = EVERY_KIND) {
  const names = new Set()
  const add = (next) => {
    const { manifest } = packages.get(next) || {}
    if (!manifest || names.has(next)) return
    names.add(next)
    for (const kind of kinds) for (const dependency of Object.keys(manifest[kind] || {})) add(dependency)
  }
  add(name)
  return [...names]
}

/**
 * Makes the generated sources (wasm, bundles) of the packages named, or of all: everything else runs from its sources.
 * nx answers from its cache when nothing changed; it is not even started when no package asks for it.
 */
function generate(name) {
  const packages = workspacePackages()
  const wanted = name ? closure(name, packages) : [...packages.keys()]
  const projects = wanted.filter((each) => packages.get(each).manifest.scripts?.generate)
  if (projects.length === 0) return
  const args = [binary('nx'), 'run-many', '-t', 'generate', '-p', projects.join(','), '--output-style=static']
  const idle = /from the cache[^.]* (\d+) out of \1 tasks/
  phase(`generated sources of ${projects.join(' and ')}`, process.execPath, args, { idle })
}

/**
 * Makes the workspace ready to run.
 *
 * @param {{ package?: string }} what only what this package needs; default everything
 */
export function bootstrap(what = {}) {
  checkNode()
  install()
  generate(what.package)
}

/**
 * Runs a Node program in the foreground and resolves to its exit code. Signals reach it: the terminal sends Ctrl-C to
 * both, and it is the program that decides how to end.
 */
export function run(args, extra = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env: environment(extra), stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
    child.on('error', (error) => fail(error.message))
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)))
  })
}

/** Options by which vitest leaves its report for `.ci/run`, which counts; none elsewhere. */
export function reportTo(name) {
  const folder = process.env.LEVIN_RESULTS
  return folder ? ['--reporter=default', '--reporter=json', `--outputFile.json=${join(folder, `${name}.json`)}`] : []
}

/**
 * Leaves what passed and what failed for `.ci/run`, which counts; elsewhere it does nothing.
 *
 * @param {string} name of the report
 * @param {{ passed: string[], failed: string[] }} report
 */
export function leaveReport(name, report) {
  const folder = process.env.LEVIN_RESULTS
  if (folder) writeFileSync(join(folder, `${name}.json`), JSON.stringify(report))
}

/** Node options that make workspace packages resolve to their TypeScript sources. */
export const fromSources = ['--conditions=@levin/source', '--import', 'tsx']
