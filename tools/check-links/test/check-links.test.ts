import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLinks } from '../src/check-links.js'
import { anchorsOf } from '../src/markdown.js'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'levin-links-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function check(pages: Readonly<Record<string, string>>): string[] {
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return checkLinks(root)
}

describe('links', () => {
  it('to pages, folders, images and headings that exist are well', () => {
    const page = '# A\n[b](docs/b.md#the-second-part), [docs](docs), ![i](i.svg), [up](#a), [root](/docs/b.md)'
    expect(check({ 'a.md': page, 'docs/b.md': '## The *second* part!\n[a](../a.md)', 'i.svg': '' })).toEqual([])
  })

  it('to files that do not exist are named with page and line', () => {
    expect(check({ 'a.md': '\n[b](b.md)\n\n[c]: c.md\n\n<img src="d.svg">' })).toEqual([
      'a.md:2 links to b.md, which does not exist',
      'a.md:4 links to c.md, which does not exist',
      'a.md:6 links to d.svg, which does not exist',
    ])
  })

  it('to headings that do not exist are named', () => {
    expect(check({ 'a.md': '[b](b.md#c)', 'b.md': '# B' })).toEqual(['a.md:1 links to b.md#c, which has no heading #c'])
  })

  it('out of the repository are refused', () => {
    expect(check({ 'a.md': '[b](../b.md)' })).toEqual(['a.md:1 links to ../b.md, which leaves the repository'])
  })

  it('to the web, and brackets in code, are left alone', () => {
    const page = '[w](https://example.org/x.md) [m](mailto:a@example.org) `[a](no.md)`\n```md\n[a](no.md)\n```'
    expect(check({ 'a.md': page })).toEqual([])
  })
})

describe('anchors', () => {
  it('are numbered where a heading repeats, and follow ids', () => {
    const anchors = anchorsOf(
      '# Step\n## Step\n<a id="here"></a>\n### `fit(x)`: *why* & how\n```sh\n# not a heading\n```',
    )
    expect([...anchors]).toEqual(['step', 'step-1', 'here', 'fitx-why--how'])
  })
})
