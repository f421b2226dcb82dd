/** A fenced code block of a page, and what the comments right above it say of it. */
export interface Block {
  /** Line of the opening fence, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** `<!-- run -->`: the block is a program that ends well. */
  readonly run: boolean
  /** `<!-- file: name.ts -->`: other blocks of the page import it by this name. */
  readonly file: string | undefined
  /** `<!-- prints -->`: the output of the program before it. */
  readonly prints: boolean
  /** `<!-- check -->`: type-checked on pages where that has to be asked for. */
  readonly check: boolean
  /** `<!-- excerpt -->`: shows the shape of something and is no program. */
  readonly excerpt: boolean
}

const FENCE = /^(\s*)(`{3,})\s*(\w*)/
const COMMENT = /^\s*<!--\s*(run|prints|check|excerpt|file:\s*([\w.-]+))\s*-->\s*$/

/**
 * The fenced blocks of a Markdown page, in order.
 *
 * @throws Error for a fence that is never closed
 */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split('\n')
  const blocks: Block[] = []
  let marks: RegExpExecArray[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string
    const mark = COMMENT.exec(line)
    const fence = FENCE.exec(line)
    if (mark) marks.push(mark)
    if (fence) {
      const end = closingFence(lines, index, fence[2] as string)
      blocks.push(makeBlock(lines.slice(index + 1, end), index + 1, fence, marks))
      index = end
    }
    // Marks hold for the block right below them.
    if (!mark && line.trim() !== '') marks = []
  }
  return blocks
}

function closingFence(lines: readonly string[], start: number, fence: string): number {
  const end = lines.findIndex((line, index) => index > start && line.trim() === fence)
  if (end === -1) throw new Error(`The code block that begins in line ${start + 1} is never closed.`)
  return end
}

function makeBlock(
  body: readonly string[],
  line: number,
  [, indent = '', , language = '']: readonly string[],
  marks: readonly RegExpExecArray[],
): Block {
  const names = marks.map(([, name]) => name)
  return {
    line,
    language,
    code: `${body.map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text)).join('\n')}\n`,
    run: names.includes('run'),
    prints: names.includes('prints'),
    check: names.includes('check'),
    excerpt: names.includes('excerpt'),
    file: marks.find(([, , file]) => file)?.[2],
  }
}
