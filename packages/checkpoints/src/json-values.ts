import { LevinError } from '@levin/core'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Stands for the numbers that JSON has no word for. */
const NUMBER = '$number'

/**
 * A value as JSON text that gives the same value back: NaN, the infinities and −0 included, which JSON itself would turn
 * into `null` and 0 in silence (the best value of a metric so far begins as infinite).
 *
 * @param what names the value in errors
 * @throws LEVIN_BAD_OPTION naming the first value that is not JSON
 */
export const toText = (value: unknown, what: string): string => JSON.stringify(encode(value, what, new Set()))

/** The reverse of {@link toText}. Throws SyntaxError on what is not JSON. */
export const fromText = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown) => (isEncodedNumber(value) ? Number(value[NUMBER]) : value))

function encode(value: unknown, path: string, open: Set<object>): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { [NUMBER]: numberName(value) }
  if (typeof value !== 'object') throw notJson(path, `a ${typeof value}`)
  if (open.has(value)) throw notJson(path, 'an object within itself')
  open.add(value)
  const encoded = Array.isArray(value)
    ? Array.from(value as readonly unknown[], (item, index) => encode(item ?? null, `${path}[${index}]`, open))
    : encodeRecord(value, path, open)
  open.delete(value)
  return encoded
}

function encodeRecord(value: object, path: string, open: Set<object>): Json {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw notJson(path, `a ${value.constructor?.name ?? 'special object'}`)
  const given = Object.entries(value).filter(([, item]) => item !== undefined)
  const encoded = Object.fromEntries(given.map(([key, item]) => [key, encode(item, `${path}.${key}`, open)]))
  if (isEncodedNumber(encoded)) throw notJson(path, `an object with the reserved key '${NUMBER}'`)
  return encoded
}

const numberName = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

const isEncodedNumber = (value: unknown): value is { readonly [NUMBER]: string } =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && NUMBER in value

const notJson = (path: string, found: string): LevinError =>
  new LevinError('LEVIN_BAD_OPTION', {
    message: `${path} cannot be kept in a checkpoint.`,
    expected: 'JSON: numbers, text, booleans, arrays and plain objects',
    found,
  })
