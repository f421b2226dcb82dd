/** Writes the tables and pictures of docs/distributed-cost.md anew: `npx tsx --conditions=@levin/source tools/cost-model/src/main.ts`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { known } from './page/known.js'
import { pictures, withTables } from './page/page.js'

const docs = new URL('../../../docs/', import.meta.url)
const page = new URL('distributed-cost.md', docs)
const all = known()
writeFileSync(page, withTables(readFileSync(page, 'utf8'), all))
mkdirSync(new URL('pictures/', docs), { recursive: true })
for (const [name, picture] of Object.entries(pictures(all))) writeFileSync(new URL(`pictures/${name}`, docs), picture)
