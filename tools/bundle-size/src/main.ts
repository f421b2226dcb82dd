/** `pnpm check size`: what a page loads of ours, as Vite bundles it, under the budgets of `.size-limit.json`. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleEntry } from './bundle-entries.js'

const root = fileURLToPath(new URL('../', import.meta.url))
for (const entry of readdirSync(join(root, 'src/entries'))) await bundleEntry(entry.replace(/\.ts$/, ''))

const sizeLimit = join(dirname(createRequire(import.meta.url).resolve('size-limit/package.json')), 'bin.js')
const { status } = spawnSync(process.execPath, [sizeLimit, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
