import { describe, LevinError, type OptionRule, type OptionRules } from '@levin/core'

export { countFrom, flag, type OptionRule, oneOf } from '@levin/core'

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isWhole = (value: unknown): value is number => isNumber(value) && Number.isSafeInteger(value)

export const anyNumber: OptionRule = { expected: 'a finite number', accepts: isNumber }

export const nonNegative: OptionRule = {
  expected: 'a finite number of at least 0',
  accepts: (value) => isNumber(value) && value >= 0,
}

export const positive: OptionRule = {
  expected: 'a finite number above 0',
  accepts: (value) => isNumber(value) && value > 0,
}

/** A coefficient of a running mean: 1 would never take anything in. */
export const decayRate: OptionRule = {
  expected: 'a number in [0, 1)',
  accepts: (value) => isNumber(value) && value >= 0 && value < 1,
}

export const decayRates: OptionRule = {
  expected: 'two numbers in [0, 1)',
  accepts: (value) => Array.isArray(value) && value.length === 2 && value.every((beta) => decayRate.accepts(beta)),
}

export const risingTimes: OptionRule = {
  expected: 'a list of whole numbers of at least 0, none below the one before',
  accepts: (value) =>
    Array.isArray(value) &&
    value.every((item, index) => isWhole(item) && item >= 0 && (index === 0 || item >= value[index - 1])),
}

export const between = (least: number, most: number): OptionRule => ({
  expected: `a number in [${least}, ${most}]`,
  accepts: (value) => isNumber(value) && value >= least && value <= most,
})

/** `[a, b]` of numbers that another rule accepts, rendered whole: a description would hide which one is wrong. */
const render = (value: unknown): string =>
  Array.isArray(value) && value.length <= 4 ? `[${value.map(describe).join(', ')}]` : describe(value)

/**
 * Checks options one by one against their rules.
 *
 * @param what the thing that has the options, as in `adamW`
 * @throws LEVIN_BAD_OPTION for a value that its rule does not accept, or a name that has no rule
 */
export function checkOptions(what: string, options: object, rules: OptionRules): void {
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name]
    if (!rule) throw unknownOption(what, name, Object.keys(rules))
    if (rule.accepts(value)) continue
    throw new LevinError('LEVIN_BAD_OPTION', {
      message: `The option \`${name}\` of ${what} is wrong.`,
      expected: rule.expected,
      found: render(value),
    })
  }
}

export function requireObject(what: string, options: unknown): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return
  throw new LevinError('LEVIN_BAD_OPTION', {
    message: `The options of ${what} are wrong.`,
    expected: 'an object',
    found: describe(options),
  })
}

/** Options over defaults; `undefined` means the default. */
export function withDefaults<O extends object>(defaults: O, options: Partial<Record<keyof O, unknown>>): O {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}

function unknownOption(what: string, name: string, known: readonly string[]): LevinError {
  return new LevinError('LEVIN_BAD_OPTION', {
    message: `${what} has no option \`${name}\`.`,
    remedy: `Its options are ${known.map((each) => `\`${each}\``).join(', ')}.`,
  })
}
