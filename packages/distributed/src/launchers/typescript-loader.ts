import { LevinError } from '@levin/core'
import { nodeBuiltin, requireBuiltin } from '../node-builtins.js'
import { fromSource } from '../own-url.js'

/**
 * The module whose `register()` makes TypeScript importable in a worker, where it has to be called again. `undefined` where
 * nothing is written in TypeScript, or Node reads it by itself.
 *
 * @param modules that the worker will import
 * @throws LEVIN_RUN_MODULE if one is TypeScript and nothing here can read it
 */
export function typescriptLoader(modules: readonly URL[]): string | undefined {
  const typed = modules.filter(({ pathname }) => /\.[cm]?tsx?$/.test(pathname))
  if (typed.length === 0 && !fromSource) return undefined
  const found = findTsx(typed)
  if (found) return found
  // From 22.18 on, for syntax that can be stripped.
  const { process } = globalThis as { process?: { features?: { typescript?: unknown } } }
  if (process?.features?.typescript) return undefined
  throw new LevinError('LEVIN_RUN_MODULE', {
    message: `'${typed[0]?.href}' is TypeScript, which this Node does not read.`,
    remedy:
      'Install tsx (npm install --save-dev tsx), use Node 22.18 or later, or build the module and give its JavaScript.',
  })
}

interface TsxManifest {
  readonly exports: { readonly './esm/api': { readonly import: { readonly default: string } } }
}

/** The user's own tsx first: it is where the module is. */
function findTsx(modules: readonly URL[]): string | undefined {
  const { createRequire } = requireBuiltin('node:module')
  const { pathToFileURL } = requireBuiltin('node:url')
  const { readFileSync } = requireBuiltin('node:fs')
  for (const from of [...modules, new URL(import.meta.url)]) {
    if (from.protocol !== 'file:') continue
    try {
      // By its table: what `require` resolves to is the form for CommonJS.
      const { resolve } = createRequire(from)
      const manifest = resolve('tsx/package.json')
      const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as TsxManifest
      return new URL(exports['./esm/api'].import.default, pathToFileURL(manifest)).href
    } catch {}
  }
  return undefined
}

/** Flags that a worker of this package needs where it runs from its sources. */
export const sourceFlags = (): readonly string[] => (fromSource ? ['--conditions=@levin/source'] : [])

/** Whether there are worker threads and processes at all. */
export const isNode = (): boolean => nodeBuiltin('node:worker_threads') !== undefined
