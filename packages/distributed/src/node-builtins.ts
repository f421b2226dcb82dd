import { LevinError } from '@levin/core'

interface Builtins {
  'node:child_process': typeof import('node:child_process')
  'node:crypto': typeof import('node:crypto')
  'node:fs': typeof import('node:fs')
  'node:module': typeof import('node:module')
  'node:net': typeof import('node:net')
  'node:os': typeof import('node:os')
  'node:path': typeof import('node:path')
  'node:readline': typeof import('node:readline')
  'node:url': typeof import('node:url')
  'node:v8': typeof import('node:v8')
  'node:worker_threads': typeof import('node:worker_threads')
}

/** A module of Node's, without an import that a bundler for browsers would trip over; `undefined` elsewhere. */
export function nodeBuiltin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  return process?.getBuiltinModule?.(name) as Builtins[K] | undefined
}

/** @throws LEVIN_UNAVAILABLE outside Node */
export function requireBuiltin<K extends keyof Builtins>(name: K): Builtins[K] {
  const builtin = nodeBuiltin(name)
  if (builtin) return builtin
  throw new LevinError('LEVIN_UNAVAILABLE', {
    message: `This needs Node: there is no '${name}' here.`,
    remedy: 'Run it in Node 20.19 or later.',
  })
}
