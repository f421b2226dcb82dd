import { expect, test } from 'vitest'
import { blocksOf } from '../src/blocks.js'
import { complaints, missingLines } from '../src/pages.js'

const page = `
Text.

<!-- run -->
\`\`\`ts
console.log(1)
\`\`\`

<!-- prints -->
\`\`\`text
1
\`\`\`

<!-- run -->
Something between the mark and the block.

\`\`\`ts
const x = 1
\`\`\`

- in a list
  <!-- file: model.ts -->
  \`\`\`ts
  export const y = 2
  \`\`\`
`

test('a mark holds for the block right below it, and for no other', () => {
  const blocks = blocksOf(page)
  expect(blocks.map(({ language, run, prints }) => ({ language, run, prints }))).toEqual([
    { language: 'ts', run: true, prints: false },
    { language: 'text', run: false, prints: true },
    { language: 'ts', run: false, prints: false },
    { language: 'ts', run: false, prints: false },
  ])
})

test('a block knows its line and its file, and loses the indent of its list', () => {
  const [first, , , last] = blocksOf(page)
  expect(first).toMatchObject({ line: 5, code: 'console.log(1)\n' })
  expect(last).toMatchObject({ file: 'model.ts', code: 'export const y = 2\n' })
})

test('a block that is never closed is an error', () => {
  expect(() => blocksOf('```ts\nconst x = 1\n')).toThrow('line 1 is never closed')
})

test('expected output is compared by lines, with … for anything', () => {
  expect(missingLines('loss …\nend', 'loss 0.25\nend\n')).toEqual([])
  expect(missingLines('loss …\nend', 'loss 0.25\nthe end\n')).toEqual(['end'])
  expect(missingLines('a.b', 'axb')).toEqual(['a.b'])
})

test('a complaint names page and line of the program, with all its lines, and not those of other sources', () => {
  const program = {
    place: 'docs/a.md:7',
    folder: '/x/docs-a',
    file: '/x/docs-a/line-7.ts',
    run: false,
    prints: undefined,
  }
  const output = '../../packages/core/src/a.ts(1,1): error A.\ndocs-a/line-7.ts(2,3): error B.\n  because of C.\n'
  expect(complaints(output, [program])).toEqual(['docs/a.md:7 (2,3): error B.\n  because of C.\n'])
})
