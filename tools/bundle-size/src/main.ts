/**
 * `pnpm check size`: what pages load of ours, as Vite bundles them without configuration, under the budgets of `pages.ts`: at
 * once, until the first step, and all that there is.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleEntry, loadedWith } from './bundle-entries.js'
import { PAGES } from './pages.js'

const root = fileURLToPath(new URL('../', import.meta.url))
const budgets: object[] = []
for (const { entry, what, asksFor, limits } of PAGES) {
  const chunks = await bundleEntry(entry)
  const budget = (when: string, files: readonly string[], limit: number) => ({
    name: `${what}, ${when}`,
    path: files.map((file) => `${entry}/${file}`),
    limit: `${limit} kB`,
    gzip: true,
    brotli: false,
  })
  budgets.push(
    budget('at once', loadedWith(chunks), limits.atOnce),
    budget('until its first step', loadedWith(chunks, asksFor), limits.firstStep),
    budget(
      'everything',
      loadedWith(
        chunks,
        chunks.filter((chunk) => chunk.isAskedFor).map(({ name }) => name),
      ),
      limits.everything,
    ),
  )
}
const config = join(root, 'dist', 'size-limit.json')
writeFileSync(config, JSON.stringify(budgets))

const sizeLimit = join(dirname(createRequire(import.meta.url).resolve('size-limit/package.json')), 'bin.js')
const args = [sizeLimit, '--config', config, ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
