import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { known } from '../src/page/known.js'
import { pictures, withTables } from '../src/page/page.js'

const docs = new URL('../../../docs/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, docs), 'utf8')
const STALE = 'older than what makes it: run npx tsx --conditions=@levin/source tools/cost-model/src/main.ts'

test('the page shows the tables as they are made', () => {
  const page = read('distributed-cost.md')
  expect(withTables(page, known()) === page, `docs/distributed-cost.md is ${STALE}`).toBe(true)
})

test.each(Object.entries(pictures()))('the picture %s is as it is made', (name, picture) => {
  expect(read(`pictures/${name}`) === picture, `docs/pictures/${name} is ${STALE}`).toBe(true)
})

test('a page with a table that there is not, or without one that there is, is an error', () => {
  expect(() => withTables('<!-- table: of contents -->\n<!-- end of table -->')).toThrow(
    "There is no table 'of contents'",
  )
  expect(() => withTables('nothing')).toThrow('The page does not show: constants, check: shared memory')
})
