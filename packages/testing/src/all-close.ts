import { isHostTensor, isTensor } from '@levin/core'

/** A number, or numbers in any form that tests have them in. */
export type Numbers = number | ArrayLike<number> | readonly unknown[] | { readonly data: ArrayLike<number> } | object

export interface Tolerance {
  /** Relative to the expected value. Default 1e-5. */
  readonly rtol?: number
  /** Absolute. Default 1e-8. */
  readonly atol?: number
}

export interface Comparison {
  readonly close: boolean
  /** Says the worst element with its index, or why the two cannot be compared. */
  readonly message: string
}

/**
 * Compares element by element: |actual − expected| ≤ atol + rtol · |expected|, as NumPy's `allclose`. NaN is close to
 * NaN and an infinity to itself. Shapes must agree where both sides have one; nested arrays have one.
 *
 * @param actual tensor (read synchronously), host tensor, typed array, nested array or number
 */
export function compareClose(
  actual: Numbers,
  expected: Numbers,
  { rtol = 1e-5, atol = 1e-8 }: Tolerance = {},
): Comparison {
  const a = flatten(actual)
  const e = flatten(expected)
  if (a.shape && e.shape && a.shape.join() !== e.shape.join()) {
    return { close: false, message: `expected shape [${e.shape.join(', ')}], found [${a.shape.join(', ')}]` }
  }
  if (a.values.length !== e.values.length) {
    return { close: false, message: `expected ${e.values.length} numbers, found ${a.values.length}` }
  }
  return compareElements(a.values, e.values, a.shape ?? e.shape ?? [a.values.length], rtol, atol)
}

function compareElements(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  shape: readonly number[],
  rtol: number,
  atol: number,
): Comparison {
  let worst = -1
  let worstExcess = 0
  let failures = 0
  for (let i = 0; i < expected.length; i++) {
    const excess = excessOf(actual[i] as number, expected[i] as number, rtol, atol)
    if (excess <= 1) continue
    failures++
    if (worst !== -1 && excess <= worstExcess) continue
    worst = i
    worstExcess = excess
  }
  if (worst === -1)
    return { close: true, message: `all ${expected.length} numbers are within rtol ${rtol}, atol ${atol}` }
  const a = actual[worst] as number
  const e = expected[worst] as number
  const where = `[${unravel(worst, shape).join(', ')}]`
  return {
    close: false,
    message: `${failures} of ${expected.length} numbers differ by more than rtol ${rtol}, atol ${atol}; the worst at ${where}: expected ${e}, found ${a} (difference ${Math.abs(a - e).toPrecision(3)})`,
  }
}

/** The difference in units of what is allowed; above 1 is too much. */
function excessOf(actual: number, expected: number, rtol: number, atol: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity
  const allowed = atol + rtol * Math.abs(expected)
  return allowed === 0 ? Infinity : Math.abs(actual - expected) / allowed
}

function unravel(index: number, shape: readonly number[]): number[] {
  const position: number[] = []
  let rest = index
  for (const size of [...shape].reverse()) {
    position.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return position
}

function flatten(value: unknown): { values: ArrayLike<number>; shape: readonly number[] | undefined } {
  if (typeof value === 'number') return { values: [value], shape: [] }
  if (isTensor(value)) return { values: value.dataSync(), shape: value.shape }
  if (isHostTensor(value)) return { values: value.data, shape: value.shape }
  if (ArrayBuffer.isView(value)) return { values: value as unknown as ArrayLike<number>, shape: undefined }
  if (Array.isArray(value)) return { values: value.flat(Infinity) as number[], shape: nestedShape(value) }
  throw new TypeError('Expected a number, an array, a typed array or a tensor to compare.')
}

function nestedShape(value: readonly unknown[]): number[] {
  const [first] = value
  return Array.isArray(first) ? [value.length, ...nestedShape(first)] : [value.length]
}

export const allClose = (actual: Numbers, expected: Numbers, tolerance?: Tolerance): boolean =>
  compareClose(actual, expected, tolerance).close

/** @throws Error naming the worst element, its index, and both values */
export function assertAllClose(actual: Numbers, expected: Numbers, tolerance?: Tolerance, what?: string): void {
  const { close, message } = compareClose(actual, expected, tolerance)
  if (!close) throw new Error(`${what ? `${what}: ` : ''}${message}.`)
}
