interface NodeProcess {
  getBuiltinModule?(name: string): unknown
}

interface Builtins {
  'node:fs': typeof import('node:fs')
  'node:module': typeof import('node:module')
  'node:os': typeof import('node:os')
  'node:process': typeof import('node:process')
}

/** A module of Node's, without an import that a bundler for browsers would trip over; `undefined` elsewhere. */
export function nodeBuiltin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  const { process } = globalThis as { process?: NodeProcess }
  return process?.getBuiltinModule?.(name) as Builtins[K] | undefined
}
