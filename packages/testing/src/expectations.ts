import { describe, type ErrorCode, engineMemory, LevinError } from '@levin/core'

// Small and independent of any test runner: conformance cases run in browsers and plain scripts too.

export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what)
}

/** The same value, by content. Numbers are compared by `Object.is`: NaN equals NaN, and −0 is not 0. */
export function expectEqual(actual: unknown, expected: unknown, what = 'value'): void {
  const path = firstDifference(actual, expected, what)
  if (path) throw new Error(path)
}

function firstDifference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined
  if (!isStructure(actual) || !isStructure(expected))
    return `${path}: expected ${show(expected)}, found ${show(actual)}.`
  if (actual.constructor !== expected.constructor)
    return `${path}: expected ${describe(expected)}, found ${describe(actual)}.`
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)])
  for (const key of keys) {
    const difference = firstDifference(actual[key], expected[key], `${path}.${key}`)
    if (difference) return difference
  }
  return undefined
}

const isStructure = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const show = (value: unknown): string =>
  typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : describe(value)

/** Fails unless `action` throws, or rejects with, a levin error of `code`. Returns the error. */
export async function expectRefusal(action: () => unknown, code: ErrorCode, what: string): Promise<LevinError> {
  const error: unknown = await (async () => action())().then(
    () => undefined,
    (reason: unknown) => reason ?? 'nothing',
  )
  if (LevinError.isInstance(error, code)) return error
  throw new Error(`${what}: expected an error ${code}, found ${error === undefined ? 'none' : String(error)}.`)
}

/** Fails if `action` leaves a tensor behind or frees one that was there. */
export async function expectNoLeak(action: () => unknown, what: string): Promise<void> {
  const before = engineMemory()
  await action()
  const after = engineMemory()
  const lost = after.tensors - before.tensors
  if (lost > 0) throw new Error(`${what} left ${lost} tensors behind.`)
  if (lost < 0) throw new Error(`${what} freed ${-lost} tensors that are not its own.`)
  expectEqual(after, before, `memory after ${what}`)
}

/** What remains of a value on its way through a file. */
export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

export function expectJson(value: unknown, what: string): void {
  expectEqual(throughJson(value), value, `${what}, through JSON`)
}
