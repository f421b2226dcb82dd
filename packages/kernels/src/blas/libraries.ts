// Where a BLAS library is looked for, and what brings one.

/** The parts of Node that are used, found without an import, so that bundlers for browsers do not trip over them. */
export interface Node {
  readonly argv: readonly string[]
  readonly platform: string
  readonly env: Record<string, string | undefined>
  getBuiltinModule(name: 'node:fs'): typeof import('node:fs')
  getBuiltinModule(name: 'node:module'): typeof import('node:module')
  getBuiltinModule(name: 'node:os'): typeof import('node:os')
}

/** Node's `process`, or `undefined` elsewhere. */
export function node(): Node | undefined {
  const { process } = globalThis as { process?: Partial<Node> }
  return process?.getBuiltinModule && process.env && process.platform ? (process as Node) : undefined
}

const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  linux: ['libopenblas.so.0', 'libopenblas.so'],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll'],
}

/** Names under which the loader of a system knows a BLAS library, the best first. */
export function libraryNames(platform: string): readonly string[] {
  return LIBRARIES[platform] ?? ['libopenblas.so']
}

/** One line that brings a library to a system. */
export function libraryRemedy(platform: string): string {
  if (platform === 'linux') return 'apt-get install libopenblas0'
  if (platform === 'darwin') return 'brew install openblas'
  return 'install OpenBLAS, and name its library in LEVIN_BLAS'
}
