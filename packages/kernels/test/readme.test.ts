import { readFileSync } from 'node:fs'
import { kernelTable } from '@levin/kernels'
import { expect, it } from 'vitest'

it('lists every kernel in the README, with what it gains', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  for (const { name, gain } of kernelTable) expect(readme).toContain(`| \`${name}\` | ${gain} |`)
})
