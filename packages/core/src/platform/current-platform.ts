import { nextTurn } from './next-turn.js'
import { nodeFiles } from './node-files.js'
import type { Platform, Signal, Terminal } from './platform.js'

interface NodeProcess {
  getBuiltinModule?(name: string): unknown
  env: Record<string, string | undefined>
  version: string
  stderr: { isTTY?: boolean; columns?: number; write(text: string): void }
  on(event: string, listener: () => void): void
  off(event: string, listener: () => void): void
}

/**
 * The platform this program runs on. Node is recognised by `process.getBuiltinModule` (20.16 and later), which gives
 * files and folders without an import that a bundler for browsers would trip over.
 */
export function currentPlatform(): Platform {
  const process = (globalThis as { process?: NodeProcess }).process
  return process?.getBuiltinModule
    ? nodePlatform(process, (name) => process.getBuiltinModule?.(name))
    : browserPlatform()
}

function nodePlatform(process: NodeProcess, builtin: (name: string) => unknown): Platform {
  const fs = builtin('node:fs') as typeof import('node:fs')
  const path = builtin('node:path') as typeof import('node:path')
  const os = builtin('node:os') as typeof import('node:os')
  return {
    name: 'node',
    runtime: process.version.split('.')[0] ?? process.version,
    environment: process.env,
    files: nodeFiles({ fs, path }),
    terminal: nodeTerminal(process),
    now: () => performance.now(),
    nextTurn,
    onSignal: (signal: Signal, listener) => {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
    processors: os.availableParallelism(),
  }
}

// Progress goes to stderr, so that a program's own output can be piped.
function nodeTerminal({ stderr, env }: NodeProcess): Terminal {
  const interactive = stderr.isTTY === true && env['TERM'] !== 'dumb' && !env['CI']
  return {
    interactive,
    color: env['NO_COLOR'] ? false : Boolean(env['FORCE_COLOR']) || interactive,
    columns: () => stderr.columns ?? 80,
    write: (text) => stderr.write(text),
  }
}

function browserPlatform(): Platform {
  const navigator = (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator
  return {
    name: 'browser',
    runtime: 'browser',
    environment: {},
    files: undefined,
    terminal: undefined,
    now: () => performance.now(),
    nextTurn,
    processors: navigator?.hardwareConcurrency ?? 1,
  }
}
