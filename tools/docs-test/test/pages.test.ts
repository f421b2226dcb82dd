import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { blocksOf } from '../src/blocks.js'
import {
  clearFolder,
  complaints,
  folder,
  missingLines,
  pages,
  readPage,
  writeConfiguration,
  writePrograms,
} from '../src/pages.js'

const require = createRequire(import.meta.url)
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
const tsx = pathToFileURL(require.resolve('tsx')).href

clearFolder()
const programs = pages().flatMap(writePrograms)

test('the pages have programs, some of which run', () => {
  expect(programs.length).toBeGreaterThan(10)
  expect(programs.filter(({ run }) => run).length).toBeGreaterThan(3)
})

test.each(pages())('what %s says is printed stands below a program that runs', (page) => {
  const blocks = blocksOf(readPage(page))
  const stray = blocks.filter(({ prints }, index) => prints && !blocks[index - 1]?.run)
  expect(stray.map(({ line }) => line)).toEqual([])
})

test('every code block of every page type-checks', () => {
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', writeConfiguration()], { cwd: folder, encoding: 'utf8' })
  expect(complaints(stdout, programs)).toEqual([])
})

test.each(programs.filter(({ run }) => run))('$place runs', ({ folder: cwd, file, prints }) => {
  const options = ['--conditions=@levin/source', '--import', tsx]
  const { status, stdout, stderr } = spawnSync(process.execPath, [...options, file], { cwd, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  expect(missingLines(prints ?? '', stdout), stdout).toEqual([])
})
