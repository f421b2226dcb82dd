import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from './contender-process.js'
import { root } from './root.js'
import { Absent } from './suite.js'

const environment = join(root, 'node_modules', '.cache', 'levin-bench', 'python')
const python = join(environment, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))

/** A program of `peers/python` in the environment that `install-peers.mjs` makes. */
export function pythonPeer(script: string, args: readonly string[], threads: number): Command {
  if (!existsSync(join(environment, 'installed.txt'))) {
    throw new Absent('PyTorch and Lightning are not installed.', 'Run node tools/bench/install-peers.mjs')
  }
  return {
    program: python,
    args: [fileURLToPath(new URL(`./peers/python/${script}`, import.meta.url)), ...args],
    environment: { OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` },
  }
}
