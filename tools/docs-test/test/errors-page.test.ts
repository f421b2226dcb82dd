import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { readPage } from '../src/pages.js'

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url))
const source = join(packages, 'core', 'src', 'errors.ts')

/** The members of core's interface ErrorCodes. */
function codesOfCore(): string[] {
  const file = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.Latest)
  const declaration = file.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === 'ErrorCodes',
  )
  return declaration?.members.map((member) => member.name?.getText(file) ?? '') ?? []
}

const page = readPage('docs/errors.md')
const codesOfPage = [...page.matchAll(/^#+ `(LEVIN_\w+)`$/gm)].map(([, code]) => code)
const reservedOfPage = [...page.matchAll(/^#+ `(LEVIN_\w+)`\n\*Reserved\.\*/gm)].map(([, code]) => code)

/** Codes that some source names, beside the list of codes itself and what tests are made of. */
function codesInUse(): Set<string> {
  const folders = readdirSync(packages).filter((name) => name !== 'testing' && existsSync(join(packages, name, 'src')))
  const files = folders.flatMap((name) =>
    readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(packages, name, 'src', file)),
  )
  const texts = files.filter((file) => file !== source).map((file) => readFileSync(file, 'utf8'))
  return new Set(texts.flatMap((text) => [...text.matchAll(/'(LEVIN_[A-Z_]+)'/g)].map(([, code]) => code as string)))
}

test('the page of errors has a section for every code, and for nothing else', () => {
  const codes = codesOfCore()
  expect(codes.length).toBeGreaterThan(20)
  expect([...codesOfPage].sort()).toEqual([...codes].sort())
})

test('the sections are in alphabetical order', () => {
  expect(codesOfPage).toEqual([...codesOfPage].sort())
})

test('a code is called reserved as long as nothing throws it', () => {
  const used = codesInUse()
  expect(reservedOfPage).toEqual(codesOfPage.filter((code) => !used.has(code as string)))
})
