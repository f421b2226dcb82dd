import { describe, expect, it } from 'vitest'
import { kernel } from './support.js'

/** Numbers of both signs over the whole range of float32, dense where functions bend, and the special ones. */
const POINTS = Float32Array.from([
  ...Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100),
  ...Array.from({ length: 2001 }, (_, i) => (i - 1000) / 9.5),
  ...Array.from({ length: 150 }, (_, i) => 1.7 * 10 ** ((i - 75) / 2)).flatMap((x) => [x, -x]),
  ...[0, -0, 1e-45, -1e-45, 1.1754942e-38, 88.7, 88.73, -87.4, -103.9, -104.5],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
])

/** The distance of two float32 in units in the last place of the wanted one, at least of the smallest normal number. */
function ulps(found: number, wanted: number): number {
  if (Object.is(found, wanted) || found === Math.fround(wanted)) return 0
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(wanted))))
  return Math.abs(found - wanted) / 2 ** (exponent - 23)
}

/** The error function: its series, and beyond 3 the continued fraction of its complement. */
function erf(x: number): number {
  const z = Math.abs(x)
  if (!(z <= 6)) return Math.sign(x)
  let value = 0
  if (z < 3) {
    for (let n = 0, term = z; n < 100; n++, term *= (-z * z) / n) value += term / (2 * n + 1)
    return (Math.sign(x) * 2 * value) / Math.sqrt(Math.PI)
  }
  for (let n = 60; n > 0; n--) value = n / 2 / (z + value)
  return Math.sign(x) * (1 - Math.exp(-z * z) / (z + value) / Math.sqrt(Math.PI))
}

const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))

interface Case {
  readonly name: string
  readonly f: (x: number) => number
  /** In units in the last place. */
  readonly bound: number
  /** Absolute error allowed beside it, where an intermediate value is denormal. */
  readonly absolute?: number
}

const cases: Case[] = [
  { name: 'Exp', f: Math.exp, bound: 2 },
  { name: 'Log', f: Math.log, bound: 2 },
  { name: 'Tanh', f: Math.tanh, bound: 4 },
  { name: 'Softplus', f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), bound: 4 },
  { name: 'Erf', f: erf, bound: 8 },
  { name: 'Rsqrt', f: (x) => 1 / Math.sqrt(x), bound: 2 },
  { name: 'Sqrt', f: Math.sqrt, bound: 0.5 },
  { name: 'Log1p', f: Math.log1p, bound: 3 },
  { name: 'Expm1', f: Math.expm1, bound: 3 },
  {
    name: 'LevinSilu',
    f: (x) => (x === Number.NEGATIVE_INFINITY ? Number.NaN : x * sigmoid(x)),
    bound: 5,
    absolute: 2e-43,
  },
]

/** Everything that must hold for functions of single elements, whichever build of the kernels is in use. */
export function functionCases(): void {
  describe.each(cases)('$name', ({ name, f, bound, absolute = 0 }) => {
    it('is within its bound of float64 over the whole range, and right at NaN and infinity', () => {
      const { values } = kernel(name, { x: { shape: [POINTS.length], values: POINTS } })
      let worst = { x: 0, found: 0, wanted: 0, ulps: 0 }
      for (const [index, x] of POINTS.entries()) {
        const [found, wanted] = [values[index] as number, f(x)]
        if (!Number.isFinite(Math.fround(wanted))) {
          expect(found, `at ${x}`).toBe(Math.fround(wanted))
          continue
        }
        const distance = ulps(found, wanted)
        if (!(distance <= worst.ulps) && !(Math.abs(found - wanted) <= absolute))
          worst = { x, found, wanted, ulps: distance }
      }
      expect(worst.ulps, JSON.stringify(worst)).toBeLessThanOrEqual(bound)
    })

    it('is the same for every place in a tensor, and for none', () => {
      for (const size of [0, 1, 2, 3, 5, 7]) {
        const x = POINTS.slice(1990, 1990 + size)
        const { values } = kernel(name, { x: { shape: [size], values: x } })
        const alone = [...x].map((one) => kernel(name, { x: { shape: [1], values: Float32Array.of(one) } }).values[0])
        expect([...values]).toEqual(alone)
      }
    })
  })
}
