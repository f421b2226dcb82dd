import { describe, isTensor, LevinError } from '@levin/core'
import type { Tensor } from '@tensorflow/tfjs-core'

/** `[64, 10]`, as errors print shapes. */
export const format = (shape: readonly number[]): string => `[${shape.join(', ')}]`

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis])

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** A batch that a metric cannot take. */
export const batchError = (metric: string, expected: string, found: string, remedy?: string): LevinError =>
  new LevinError('LEVIN_BATCH_SHAPE', {
    message: `${metric} cannot take this batch.`,
    expected,
    found,
    ...(remedy === undefined ? {} : { remedy }),
  })

/** @throws LEVIN_BATCH_SHAPE unless it is a tensor of numbers */
export function requireNumeric(metric: string, name: string, value: unknown): asserts value is Tensor {
  if (isTensor(value) && (value.dtype === 'float32' || value.dtype === 'int32' || value.dtype === 'bool')) return
  throw batchError(metric, `\`${name}\` to be a float32, int32 or bool tensor`, describe(value))
}

/** @throws LEVIN_BATCH_SHAPE unless both are tensors of numbers and of one shape */
export function requireSameShape(metric: string, names: readonly [string, string], a: unknown, b: unknown): void {
  requireNumeric(metric, names[0], a)
  requireNumeric(metric, names[1], b)
  if (sameShape(a.shape, b.shape)) return
  throw batchError(
    metric,
    `\`${names[0]}\` and \`${names[1]}\` to have one shape`,
    `${format(a.shape)} and ${format(b.shape)}`,
    'Reshape one of them: a broadcast would compare every element with every other.',
  )
}

/** What an option may be. */
export interface OptionRule {
  readonly expected: string
  accepts(value: unknown): boolean
}

export const anyNumber: OptionRule = {
  expected: 'a finite number',
  accepts: Number.isFinite,
}

export const wholeNumber: OptionRule = { expected: 'a whole number', accepts: Number.isSafeInteger }

export const countFrom = (least: number): OptionRule => ({
  expected: `a whole number of at least ${least}`,
  accepts: (value) => Number.isSafeInteger(value) && (value as number) >= least,
})

export const oneOf = (...choices: readonly string[]): OptionRule => ({
  expected: choices.map((choice) => `'${choice}'`).join(' or '),
  accepts: (value) => typeof value === 'string' && choices.includes(value),
})

/** @throws LEVIN_BAD_OPTION for a value that its rule does not accept, or a name that has no rule */
export function checkOptions(metric: string, options: object, rules: Readonly<Record<string, OptionRule>>): void {
  if (typeof options !== 'object' || options === null || isTensor(options)) {
    throw badOption(`The options of ${metric} are wrong.`, 'an object', describe(options))
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = rules[name]
    const known = Object.keys(rules).map((each) => `\`${each}\``)
    if (!rule) throw badOption(`${metric} has no option \`${name}\`.`, `one of ${known.join(', ')}`)
    if (value === undefined || rule.accepts(value)) continue
    throw badOption(`The option \`${name}\` of ${metric} is wrong.`, rule.expected, describe(value))
  }
}

export const badOption = (message: string, expected: string, found?: string, remedy?: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message,
    expected,
    ...(found === undefined ? {} : { found }),
    ...(remedy === undefined ? {} : { remedy }),
  })
