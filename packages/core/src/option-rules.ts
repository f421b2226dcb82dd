import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe } from './errors.js'

/**
 * What an option may be: as an error says it, and whether a value is one. Plain data and functions, where a library of schemas would
 * be a large part of what a page loads.
 */
export interface OptionRule {
  /** After "expected": `a whole number of at least 1`. */
  readonly expected: string
  accepts(value: unknown): boolean
}

/** The rules of a set of options, by name. None says that an option is there: `undefined` is never asked about. */
export type OptionRules = Readonly<Record<string, OptionRule>>

export const flag: OptionRule = { expected: 'true or false', accepts: (value) => typeof value === 'boolean' }

/** A whole number, exact as a float. */
export const countFrom = (least: number): OptionRule => ({
  expected: `a whole number of at least ${least}`,
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
})

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value)

/** Infinity is a number too. */
export const anyNumber: OptionRule = { expected: 'a number', accepts: isNumber }

export const numberFrom = (least: number): OptionRule => ({
  expected: `a number of at least ${least}`,
  accepts: (value) => isNumber(value) && value >= least,
})

export const numberAbove = (bound: number): OptionRule => ({
  expected: `a number above ${bound}`,
  accepts: (value) => isNumber(value) && value > bound,
})

export const oneOf = (...choices: readonly string[]): OptionRule => ({
  expected: choices.map((choice) => `'${choice}'`).join(' or '),
  accepts: (value) => typeof value === 'string' && choices.includes(value),
})

/** Text that is not empty. */
export const text = (expected: string): OptionRule => ({
  expected,
  accepts: (value) => typeof value === 'string' && value !== '',
})

export const anyText: OptionRule = { expected: 'text', accepts: (value) => typeof value === 'string' }

export const functionOption: OptionRule = { expected: 'a function', accepts: (value) => typeof value === 'function' }

/**
 * Rules as the schema of a plugin. An option without a rule is refused.
 *
 * @param required options that must be there. Default: none.
 * @example
 * schema: optionsSchema<WorkerOptions>({ deadline: countFrom(1) })
 */
export function optionsSchema<O extends object>(
  rules: Readonly<Record<keyof O & string, OptionRule>>,
  required: readonly (keyof O & string)[] = [],
): StandardSchemaV1<O, O> {
  // As valibot's objects have them: the names for whoever mistypes one.
  const entries: OptionRules = rules
  const issueOf = ([name, value]: [string, unknown]): StandardSchemaV1.Issue[] => {
    const rule = Object.hasOwn(entries, name) ? entries[name] : undefined
    if (!rule) return [Object.assign({ message: 'unknown', path: [name] }, { expected: 'never' })]
    if (value === undefined || rule.accepts(value)) return []
    return [{ message: `expected ${rule.expected}, found ${describe(value)}`, path: [name] }]
  }
  const validate = (options: unknown): StandardSchemaV1.Result<O> => {
    const given = options as Readonly<Record<string, unknown>>
    const missing = required.filter((name) => given[name] === undefined).map(missingOption)
    const issues = [...missing, ...Object.entries(given).flatMap(issueOf)]
    return issues.length > 0 ? { issues } : { value: options as O }
  }
  return Object.assign({ entries }, { '~standard': { version: 1, vendor: 'levin', validate } as const })
}

// In valibot's words, which `sayIssue` knows.
const missingOption = (name: string): StandardSchemaV1.Issue =>
  Object.assign({ message: 'missing', path: [name] }, { expected: `"${name}"`, received: 'undefined' })
