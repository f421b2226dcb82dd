/** One link of a page, to a place in the repository or on the web. */
export interface Link {
  readonly target: string
  readonly line: number
}

/** The lines of a page outside fenced code, where brackets mean nothing; the others are left empty. */
function prose(text: string): string[] {
  let fence: string | undefined
  return text.split(/\r?\n/).map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
    if (fence === undefined) {
      fence = mark
      return mark ? '' : line
    }
    if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined
    return ''
  })
}

const withoutCode = (line: string): string => line.replace(/(`+)(?:(?!\1).)+\1/g, '')

/** `[text](target "title")`, `![text](target)`, `[name]: target`, and `href` and `src` of inline HTML. */
const PATTERNS = [
  /\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)/g,
  /^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g,
  /\b(?:href|src)="([^"]+)"/g,
]

export function linksOf(text: string): Link[] {
  return prose(text).flatMap((line, index) =>
    PATTERNS.flatMap((pattern) => [...withoutCode(line).matchAll(pattern)]).flatMap(([, target]) =>
      target ? [{ target, line: index + 1 }] : [],
    ),
  )
}

/**
 * A heading's anchor as GitHub makes it: lower case, spaces to hyphens, everything else but letters, digits, hyphens
 * and underscores dropped.
 */
const slug = (heading: string): string =>
  heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Mark}\p{Number}\s_-]/gu, '')
    .replace(/\s/g, '-')

/** Every anchor of a page: its headings, numbered where one repeats, and explicit `id` and `name` attributes. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const uses = new Map<string, number>()
  for (const line of prose(text)) {
    for (const [, id] of line.matchAll(/\b(?:id|name)="([^"]+)"/g)) if (id) anchors.add(id)
    const heading = /^ {0,3}#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1]
    if (heading === undefined) continue
    const base = slug(heading)
    const count = uses.get(base) ?? 0
    uses.set(base, count + 1)
    anchors.add(count === 0 ? base : `${base}-${count}`)
  }
  return anchors
}
