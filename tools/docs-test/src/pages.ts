import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Block, blocksOf } from './blocks.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Where programs are written: below this package, so that its dependencies are theirs. */
export const folder = fileURLToPath(new URL('../.pages/', import.meta.url))

/** A program out of a page. */
export interface Program {
  /** `README.md:12` */
  readonly place: string
  /** The page's folder: where it runs. */
  readonly folder: string
  readonly file: string
  readonly run: boolean
  /** What its output must hold, line by line. */
  readonly prints: string | undefined
}

/** The pages whose code is tested: those of the root, of `docs/`, and of each package. */
export function pages(): string[] {
  const docs = readdirSync(join(root, 'docs')).map((name) => join('docs', name))
  return ['README.md', ...docs, ...packagePages()].filter((page) => page.endsWith('.md'))
}

/** Pages of packages say which of their blocks are programs; those of the root and of `docs/` hold nothing else. */
const packagePages = (): string[] =>
  readdirSync(join(root, 'packages'))
    .map((name) => join('packages', name, 'README.md'))
    .filter((page) => existsSync(join(root, page)))

const isProgram = ({ language, run, check, excerpt, file }: Block, marked: boolean): boolean =>
  language === 'ts' && !excerpt && (!marked || run || check || file !== undefined)

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8')

/** Clears away what an earlier run has written. */
export const clearFolder = (): void => rmSync(folder, { recursive: true, force: true })

/** Writes every program of a page into a folder of its own. */
export function writePrograms(page: string): Program[] {
  const target = join(folder, page.replaceAll(/[\\/]/g, '-').replace(/\.md$/, ''))
  mkdirSync(target, { recursive: true })
  const blocks = blocksOf(readPage(page))
  const marked = page.startsWith('packages')
  return blocks.flatMap((block, index) => {
    if (!isProgram(block, marked)) return []
    const file = join(target, block.file ?? `line-${block.line}.ts`)
    // Without an import or export a file is a script, whose names are everybody's.
    writeFileSync(file, /^(import|export)\b/m.test(block.code) ? block.code : `${block.code}export {}\n`)
    return [
      { place: `${page}:${block.line}`, folder: target, file, run: block.run, prints: printsAfter(blocks, index) },
    ]
  })
}

function printsAfter(blocks: readonly Block[], index: number): string | undefined {
  const next = blocks[index + 1]
  return next?.prints ? next.code : undefined
}

/** A configuration of tsc for everything that was written: as strict as the packages. */
export function writeConfiguration(): string {
  const file = join(folder, 'tsconfig.json')
  const configuration = {
    extends: '../../../tsconfig.base.json',
    // What was checked before and has not changed is not checked again: most of it is the packages' own sources.
    compilerOptions: { incremental: true, tsBuildInfoFile: '../pages.tsbuildinfo' },
    include: ['*/*.ts'],
  }
  writeFileSync(file, `${JSON.stringify(configuration, null, 2)}\n`)
  return basename(file)
}

/**
 * What tsc says of the programs, by page and line. What it says of the sources that they import is left to those
 * packages' own check.
 */
export function complaints(output: string, programs: readonly Program[]): string[] {
  return output
    .split(/\n(?=\S)/)
    .filter((message) => message.trim() !== '' && !message.startsWith('..'))
    .map((message) => programs.reduce((text, program) => text.replace(nameOf(program), `${program.place} `), message))
}

const nameOf = ({ folder: own, file }: Program): string => `${basename(own)}/${basename(file)}`

/** Lines of `expected` that the output lacks; `…` stands for anything. */
export function missingLines(expected: string, output: string): string[] {
  const lines = output.split('\n').map((line) => line.trim())
  const matches = (wanted: string): boolean => {
    const parts = wanted.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const pattern = new RegExp(`^${parts.join('.*')}$`)
    return lines.some((line) => pattern.test(line))
  }
  return expected
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !matches(line))
}
