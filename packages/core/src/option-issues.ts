import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, withArticle } from './errors.js'
import { nearestName } from './nearest-name.js'

/** What libraries tell beyond the standard: valibot tells all of it, others some. */
interface Details {
  /** A type, a bound or a choice, such as `number`, `>=1` or `("min" | "max")`; `never` for a key that must not be there. */
  readonly expected?: unknown
  readonly received?: unknown
  readonly input?: unknown
}

/** What a Standard Schema says of an option, in levin's words where its library tells what it expected. */
export function sayIssue(issue: StandardSchemaV1.Issue, known: readonly string[] = []): string {
  const keys = issue.path?.map((part) => (typeof part === 'object' ? part.key : part)) ?? []
  const name = keys.length ? keys.map(String).join('.') : 'options'
  const { expected, received, input } = issue as Details
  if (expected === 'never' && keys.length === 1) return unknownOption(name, known)
  if (expected === `"${name}"` && received === 'undefined') return `The option '${name}' is missing.`
  const wanted = typeof expected === 'string' ? sayExpected(expected) : undefined
  return wanted ? `${name}: expected ${wanted}, found ${describe(input)}.` : `${name}: ${issue.message}.`
}

function unknownOption(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  const hint = near ? ` Did you mean '${near}'?` : known.length ? ` There are: ${known.join(', ')}.` : ''
  return `There is no option '${name}'.${hint}`
}

const BOUNDS: readonly (readonly [RegExp, string])[] = [
  [/^>=(.+)$/, 'at least $1'],
  [/^<=(.+)$/, 'at most $1'],
  [/^>(.+)$/, 'more than $1'],
  [/^<(.+)$/, 'less than $1'],
  [/^!0$/, 'one that is not empty'],
  [/^\((.+)\)$/, '$1'],
]

function sayExpected(expected: string): string | undefined {
  // valibot's word where only a function of the plugin's knows: then the message is that function's.
  if (expected === 'unknown') return undefined
  for (const [pattern, words] of BOUNDS) if (pattern.test(expected)) return expected.replace(pattern, words)
  return withArticle(expected.toLowerCase())
}

/** Names of the options that a schema knows, where it tells: valibot's objects have `entries`, zod's have `shape`. */
export function optionNames(schema: object): string[] {
  const { entries, shape } = schema as { entries?: unknown; shape?: unknown }
  const record = entries ?? shape
  return typeof record === 'object' && record !== null ? Object.keys(record) : []
}
