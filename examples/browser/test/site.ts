import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PageServer, serve } from '@levin/browser-test'
import { build, defaultClientConditions } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Builds both pages from the sources of all packages, and serves them. */
export async function serveSite(): Promise<PageServer> {
  execFileSync(process.execPath, [join(root, 'scripts/pack-digits.mjs')])
  const folder = mkdtempSync(join(tmpdir(), 'levin-site-'))
  await build({
    root,
    logLevel: 'error',
    resolve: { conditions: ['@levin/source', ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false },
  })
  const server = await serve(folder)
  return {
    url: server.url,
    async close() {
      await server.close()
      rmSync(folder, { recursive: true })
    },
  }
}
