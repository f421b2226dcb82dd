/**
 * Builds the binding of `@tensorflow/tfjs-node` for tests: `node tools/tensorflow-binding/install.mjs`. Linux on x86-64.
 *
 * The package comes from npm without its install script, which would download a library. Its own sources are compiled
 * with node-gyp against the headers and the library of PyPI's `tensorflow-cpu`. Everything lies in node_modules/.cache
 * (1.3 GB), with a link where `@levin/accelerator-cuda` finds an optional peer. Does nothing where that was done already.
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const own = (path) => fileURLToPath(new URL(path, import.meta.url))
const cache = join(root, 'node_modules/.cache/levin-tensorflow')
const plugin = join(root, 'plugins/accelerator-cuda')
const modules = join(cache, 'node_modules')
const library = join(cache, 'tensorflow')
const binding = join(modules, '@tensorflow/tfjs-node')
const installed = join(cache, 'installed.txt')

const run = (command, args, cwd = cache) => execFileSync(command, args, { cwd, stdio: 'inherit' })

function link(target, path) {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

/** The package, node-gyp and the other Nodes that it must run on, by a lock file, and without any script of theirs. */
function installPackages() {
  cpSync(own('./npm/'), cache, { recursive: true })
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  // A program has one tfjs-core: a second one would bring kernels and tensors of its own.
  const require = createRequire(join(root, 'packages/accelerators/package.json'))
  for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'])
    link(realpathSync(dirname(require.resolve(`${name}/package.json`))), join(modules, name))
}

function unpackLibrary() {
  const python = join(cache, 'python')
  const wheels = join(cache, 'wheels')
  run('python3', ['-m', 'venv', python])
  // Any Python does: the wheel is a parcel of which no Python code is used.
  const forPython = ['--python-version', '3.11', '--platform', 'manylinux2014_x86_64', '--only-binary', ':all:']
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', ...forPython]
  run(join(python, 'bin/python'), [...pip, '-d', wheels, '-r', own('./requirements.txt')])
  run(join(python, 'bin/python'), [own('./unpack.py'), wheels, cache])
  for (const folder of [python, wheels]) rmSync(folder, { recursive: true })
}

/** Puts headers and library where the package's own build looks for them, and builds. */
function buildBinding() {
  const headers = join(cache, 'node')
  cpSync(join(modules, 'node-api-headers/include'), join(headers, 'include/node'), { recursive: true })
  cpSync(own('./node-gyp/'), join(headers, 'include/node'), { recursive: true })
  link(join(library, 'include'), join(binding, 'deps/include'))
  const links = {
    'libtensorflow_cc.so.2': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2': 'libtensorflow_framework.so.2',
    'libtensorflow.so': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
  }
  for (const [name, target] of Object.entries(links)) link(join(library, target), join(binding, 'deps/lib', name))
  // What node-pre-gyp would tell it: the newest Node-API that the package names, which Node 20 and later have.
  const variables = { module_name: 'tfjs_binding', module_path: join(binding, 'lib/napi-v8'), napi_build_version: '8' }
  const settings = Object.entries(variables).map(([name, value]) => `--${name}=${value}`)
  const gyp = join(modules, 'node-gyp/bin/node-gyp.js')
  run(process.execPath, [gyp, 'rebuild', '--loglevel=warn', `--nodedir=${headers}`, ...settings], binding)
}

const files = ['./install.mjs', './requirements.txt', './unpack.py', './npm/package-lock.json']
const parts = [...files, ...readdirSync(own('./node-gyp/')).map((name) => `./node-gyp/${name}`)]
const version = parts.map((path) => readFileSync(own(path), 'utf8')).join('\n')

if (!existsSync(installed) || readFileSync(installed, 'utf8') !== version) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`The library of TensorFlow comes for Linux on x86-64; this is ${process.platform} ${process.arch}.`)
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  installPackages()
  unpackLibrary()
  buildBinding()
  writeFileSync(installed, version)
}
// An installation of the workspace makes this folder anew.
link(binding, join(plugin, 'node_modules/@tensorflow/tfjs-node'))
