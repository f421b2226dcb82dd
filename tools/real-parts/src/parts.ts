import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Something outside npm that only some tests need. */
export interface Part {
  /** What it is and what it is for. */
  readonly what: string
  /** The packages of Debian and Ubuntu that bring it. */
  readonly debian: readonly string[]
  /** A script of the repository that brings the rest. */
  readonly script?: string
  readonly isPresent: () => boolean
}

const root = fileURLToPath(new URL('../../../', import.meta.url))

const hasCommand = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))

/** Whether the loader knows a shared library. Linux only: elsewhere the tests that need it are skipped. */
function hasLibrary(name: string): boolean {
  if (process.platform !== 'linux') return false
  const { stdout } = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env['PATH']}:/sbin:/usr/sbin` },
  })
  return (stdout ?? '').includes(`${name} `)
}

/** Every part that a test may ask for. A new one is a line here; `.ci/run` installs those that tests name. */
export const PARTS = {
  openblas: {
    what: 'OpenBLAS, matrix products at native speed',
    debian: ['libopenblas0'],
    isPresent: () => hasLibrary('libopenblas.so.0'),
  },
  'open-mpi': {
    what: 'Open MPI, collectives between processes and machines',
    debian: ['openmpi-bin', 'libopenmpi3'],
    isPresent: () => hasLibrary('libmpi.so.40') && hasCommand('mpirun'),
  },
  mpich: {
    what: 'MPICH, the other MPI',
    debian: ['mpich'],
    isPresent: () => hasLibrary('libmpich.so.12') && hasCommand('mpiexec.hydra'),
  },
  'network-namespaces': {
    what: 'ip and tc, several hosts on one machine',
    debian: ['iproute2'],
    isPresent: () => hasCommand('ip') && hasCommand('tc'),
  },
  chromium: {
    what: 'Chromium, with its software WebGPU adapter',
    // The loader is apart: Chromium has its own, and Dawn in Node loads the system's.
    debian: ['chromium', 'libvulkan1'],
    isPresent: () => existsSync('/usr/bin/chromium') && hasLibrary('libvulkan.so.1'),
  },
  'python-peers': {
    what: 'PyTorch, Lightning and a recent OpenBLAS from PyPI: the peers of benchmarks',
    debian: ['python3-venv'],
    script: 'tools/bench/install-peers.mjs',
    isPresent: () => existsSync(join(root, 'node_modules/.cache/levin-bench/python/installed.txt')),
  },
  'tensorflow-binding': {
    what: "TensorFlow's library from PyPI, with the binding of @tensorflow/tfjs-node built on it: 1.3 GB, half a minute",
    debian: ['g++', 'make', 'python3-venv'],
    script: 'tools/tensorflow-binding/install.mjs',
    isPresent: () =>
      existsSync(
        join(root, 'plugins/accelerator-cuda/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'),
      ),
  },
} as const satisfies Record<string, Part>

export type PartName = keyof typeof PARTS

const scriptsOf = (names: readonly PartName[]): string[] =>
  names.flatMap((name) => {
    const { script }: Part = PARTS[name]
    return script ?? []
  })

/** The one line that installs parts. */
export function installLine(...names: PartName[]): string {
  const packages = names.flatMap((name) => PARTS[name].debian)
  const scripts = scriptsOf(names).map((script) => ` && node ${script}`)
  return `apt-get install -y --no-install-recommends ${packages.join(' ')}${scripts.join('')}`
}

/** Installs parts that are absent, as root on Debian or Ubuntu. */
export function installParts(names: readonly PartName[]): void {
  const absent = names.filter((name) => !PARTS[name].isPresent())
  if (absent.length === 0) return
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  const packages = absent.flatMap((name) => PARTS[name].debian)
  execFileSync('apt-get', ['update', '-q'], options)
  execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], options)
  for (const script of scriptsOf(absent)) execFileSync(process.execPath, [script], options)
  const still = absent.filter((name) => !PARTS[name].isPresent())
  if (still.length > 0)
    throw new Error(`Installed, and yet not found: ${still.join(', ')}. Was it: ${installLine(...still)}`)
}
