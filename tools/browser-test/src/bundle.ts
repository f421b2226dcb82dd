import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, defaultClientConditions } from 'vite'

export interface Bundle {
  /** What is to be served. */
  readonly folder: string
  /** Every file, by its path in the folder, with its bytes. */
  readonly files: Readonly<Record<string, number>>
  /** What Vite warned of. */
  readonly warnings: readonly string[]
  remove(): void
}

export interface BundleOptions {
  /** Where our packages come from: their sources, or what is built and would be published. Default `'source'`. */
  readonly packages?: 'source' | 'built'
}

/**
 * Bundles a page by Vite as it comes: no configuration, no plugin. Packages of the workspace are taken from their sources, as
 * in all tests; what is published is bundled by the consumer test.
 *
 * @param page folder with an `index.html`
 */
export async function bundle(page: string, { packages = 'source' }: BundleOptions = {}): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'levin-page-'))
  const warnings: string[] = []
  await build({
    root: page,
    configFile: false,
    customLogger: quiet(warnings),
    ...(packages === 'source' ? { resolve: { conditions: ['@levin/source', ...defaultClientConditions] } } : {}),
    build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false, chunkSizeWarningLimit: Infinity },
  })
  return { folder, files: filesOf(folder), warnings, remove: () => rmSync(folder, { recursive: true }) }
}

function filesOf(folder: string): Record<string, number> {
  const paths = readdirSync(folder, { recursive: true }).map(String)
  const files = paths.map((path) => [path, statSync(join(folder, path))] as const).filter(([, stat]) => stat.isFile())
  return Object.fromEntries(files.map(([path, { size }]) => [path, size]))
}

function quiet(warnings: string[]) {
  const warn = (message: string): void => void warnings.push(message)
  return {
    hasWarned: false,
    info: () => {},
    warn,
    warnOnce: warn,
    error: (message: string) => console.error(message),
    clearScreen: () => {},
    hasErrorLogged: () => false,
  }
}
