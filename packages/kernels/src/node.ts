/** The parts of Node that are used, found without an import, so that bundlers for browsers do not trip over them. */
export interface Node {
  readonly argv: readonly string[]
  readonly platform: string
  readonly env: Record<string, string | undefined>
  readonly versions: Record<string, string | undefined>
  getBuiltinModule(name: 'node:fs'): typeof import('node:fs')
  getBuiltinModule(name: 'node:module'): typeof import('node:module')
  getBuiltinModule(name: 'node:os'): typeof import('node:os')
  getBuiltinModule(name: 'node:v8'): typeof import('node:v8')
}

/** Node's `process`, or `undefined` elsewhere. */
export function node(): Node | undefined {
  const { process } = globalThis as { process?: Partial<Node> }
  return process?.getBuiltinModule && process.env && process.platform ? (process as Node) : undefined
}
