/** Writes the tables of docs/accelerators.md anew: `npx tsx --conditions=@levin/source tools/op-sweep/src/main.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './page.js'
import { reports } from './reports.js'

const page = new URL('../../../docs/accelerators.md', import.meta.url)
writeFileSync(page, withTables(readFileSync(page, 'utf8'), reports()))
