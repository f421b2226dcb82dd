import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { readPage } from '../src/pages.js'

const source = fileURLToPath(new URL('../../../packages/core/src/errors.ts', import.meta.url))

/** The members of core's interface ErrorCodes. */
function codesOfCore(): string[] {
  const file = ts.createSourceFile(source, readFileSync(source, 'utf8'), ts.ScriptTarget.Latest)
  const declaration = file.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === 'ErrorCodes',
  )
  return declaration?.members.map((member) => member.name?.getText(file) ?? '') ?? []
}

const codesOfPage = [...readPage('docs/errors.md').matchAll(/^#+ `(LEVIN_\w+)`$/gm)].map(([, code]) => code)

test('the page of errors has a section for every code, and for nothing else', () => {
  const codes = codesOfCore()
  expect(codes.length).toBeGreaterThan(20)
  expect([...codesOfPage].sort()).toEqual([...codes].sort())
})

test('the sections are in alphabetical order', () => {
  expect(codesOfPage).toEqual([...codesOfPage].sort())
})
