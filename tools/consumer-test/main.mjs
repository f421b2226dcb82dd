/**
 * The consumer test: packs the built packages, installs only some of them into an empty folder outside the workspace,
 * type-checks a program against their declarations, runs it, and bundles it for a page. It sees what tests from sources cannot: a file missing
 * from the package, a dependency that is not declared, an augmentation that the build dropped.
 *
 *     node tools/consumer-test/main.mjs [--keep]     --keep leaves the folder for a look
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binary, closure, environment, leaveReport, root, say, workspacePackages } from '../bootstrap/workspace.mjs'

/** What the consumer installs by name; everything else of ours must come along by itself. */
const INSTALLED = ['@levin/core', '@levin/trainer', '@levin/nn', '@levin/optim', '@levin/accelerators']

const fixture = fileURLToPath(new URL('./fixture/', import.meta.url))

function execute(what, args, cwd) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: environment(),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status === 0) return stdout
  throw new Error(`${what} failed (exit code ${status}):\n${stdout}${stderr}`.trim())
}

/** Ours that are needed, in the workspace's words: what is installed and what it depends on, but not for its tests. */
const needed = (packages) => [
  ...new Set(INSTALLED.flatMap((name) => closure(name, packages, ['dependencies', 'peerDependencies']))),
]

function build(names) {
  execute('building', [binary('nx'), 'run-many', '-t', 'build', '-p', names.join(','), '--output-style=static'], root)
}

/** Tarballs as `npm publish` would send them, with `workspace:` and `catalog:` replaced; by package name. */
function pack(names, packages, folder) {
  const tarballs = names.map((name) => {
    const before = new Set(readdirSync(folder))
    execute(`packing ${name}`, [binary('pnpm'), 'pack', '--pack-destination', folder], packages.get(name).folder)
    const [tarball = ''] = readdirSync(folder).filter((entry) => !before.has(entry))
    return [name, `file:${join(folder, tarball)}`]
  })
  return Object.fromEntries(tarballs)
}

/** The versions that the workspace itself is tested with. */
function catalog() {
  const text = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
  const section = /^catalog:\n((?: .*\n)+)/m.exec(text)?.[1] ?? ''
  return Object.fromEntries(
    [...section.matchAll(/^ {2}'?([^':]+)'?: (\S+)$/gm)].map(([, name, version]) => [name, version]),
  )
}

/**
 * Installs with pnpm, whose layout hides what is not declared. `--prefer-offline`: with a warm store nothing is asked
 * of the network; ours are not on any registry yet, so the overrides say where they lie.
 */
function install(folder, tarballs) {
  const versions = catalog()
  const direct = Object.fromEntries(INSTALLED.map((name) => [name, tarballs[name]]))
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { ...direct, '@tensorflow/tfjs-core': versions['@tensorflow/tfjs-core'] },
    devDependencies: { vite: versions.vite },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  const settings = { overrides: { ...versions, ...tarballs }, strictPeerDependencies: true }
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), JSON.stringify(settings, null, 2))
  execute('installing', [binary('pnpm'), 'install', '--prefer-offline', '--ignore-scripts'], folder)
}

function typeCheck(folder) {
  for (const project of ['tsconfig.json', 'tsconfig.registered.json']) {
    execute(`type-checking ${project}`, [binary('tsc', 'typescript'), '-p', join(folder, project)], folder)
  }
}

/** By Vite as it comes, from the packages as they would be published. */
function bundle(folder) {
  const vite = join(folder, 'node_modules', 'vite', 'bin', 'vite.js')
  execute('bundling', [vite, 'build', '--outDir', 'page', '--logLevel', 'warn'], folder)
  const assets = readdirSync(join(folder, 'page', 'assets'))
  if (!assets.some((name) => name.endsWith('.wasm'))) throw new Error(`bundling left the .wasm file out: ${assets}`)
}

const openInBrowser = (...args) => {
  const program = join(root, 'tools', 'browser-test', 'src', 'main.ts')
  process.stderr.write(execute('the page', [binary('tsx'), program, ...args], root))
}

const passed = []
const failed = []

/** One line per step; the first failure ends the test. */
function step(title, work) {
  const start = Date.now()
  const result = work()
  passed.push(title)
  say(`consumer test: ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
  return result
}

const scratch = mkdtempSync(join(tmpdir(), 'levin-consumer-'))
const folder = join(scratch, 'app')
const archives = join(scratch, 'archives')
try {
  const packages = workspacePackages()
  const names = needed(packages)
  mkdirSync(folder)
  mkdirSync(archives)
  step(`built ${names.length} packages`, () => build(names))
  const tarballs = step('packed them', () => pack(names, packages, archives))
  step(`installed ${INSTALLED.length} of them into an empty folder`, () => install(folder, tarballs))
  cpSync(fixture, folder, { recursive: true })
  step('type-checked a program against them', () => typeCheck(folder))
  step('ran it', () => process.stderr.write(execute('the program', [join(folder, 'out', 'program.js')], folder)))
  step('bundled it for a page', () => bundle(folder))
  step('ran the page, where there is a browser', () => openInBrowser(join(folder, 'page')))
  step('ran it from the development server', () => openInBrowser(folder, '--development'))
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  console.error(message)
  failed.push(message.replace(/:?\n.*$/s, ''))
  say(`consumer test: FAILED after ${passed.length} of 8 steps`)
  process.exitCode = 1
} finally {
  if (process.argv.includes('--keep')) say(`consumer test: kept in ${scratch}`)
  else rmSync(scratch, { recursive: true, force: true })
}
leaveReport('consumer', { passed, failed })
