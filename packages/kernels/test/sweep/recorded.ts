import { readFileSync } from 'node:fs'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect } from 'vitest'

/**
 * A tensor as `tools/parity/kernels.py` writes it. What JSON has no number for is a string: `NaN`, `Infinity`, `-Infinity`, and
 * `not finite` for any of them, where infinities are summed and the order decides.
 */
export interface Recorded {
  readonly shape: readonly number[]
  /** Default: float32. */
  readonly dtype?: 'int32' | 'bool'
  readonly data: readonly (number | string)[]
}

type Named<T> = Readonly<Record<string, T>>

/** One case of the sweep: what an op is given, and what PyTorch makes of it. */
export interface SweepCase {
  readonly name: string
  readonly op: string
  readonly args?: Named<unknown>
  /** What has a gradient, by name. */
  readonly inputs: Named<Recorded>
  /** What has none: ids, masks. */
  readonly constants?: Named<Recorded>
  /** By operand: the tensor that it is, possibly under another shape. What is not named here is the operand of its name. */
  readonly operands?: Named<{ readonly of: string; readonly shape?: number[] }>
  readonly outputs: readonly Recorded[]
  /** Gradient of each output; or whose clone it is: `output`, or an input. Absent: nothing to differentiate. */
  readonly upstream?: readonly (Recorded | string)[]
  readonly gradients?: Named<Recorded>
  /** By input: how fast `Σ upstream · output` changes along `cos(1 + i)`, by central differences in float64. */
  readonly slopes?: Named<number>
}

/** The file `test/parity/<name>.json`. */
export function recordedFile<T, More = object>(name: string): { readonly cases: T[] } & More {
  return JSON.parse(readFileSync(new URL(`../parity/${name}.json`, import.meta.url), 'utf8')) as { cases: T[] } & More
}

/** The cases of a family. */
export const recordedCases = (family: string): SweepCase[] => recordedFile<SweepCase>(family).cases

export const toTensor = ({ shape, data, dtype }: Recorded, as: readonly number[] = shape): Tensor =>
  tensor(data.map(Number), [...as], dtype ?? 'float32')

/**
 * Fails unless shape and dtype are as recorded and every number is within 1e-5 of itself, or 1e-6 where terms cancel, as in the
 * parity tests of @levin/nn; NaN and infinities must be in the same places.
 */
export function expectClose(actual: Tensor, recorded: Recorded, what: string): void {
  expect(actual.shape, `${what}: shape`).toEqual(recorded.shape)
  expect(actual.dtype, `${what}: dtype`).toBe(recorded.dtype ?? 'float32')
  const values = actual.dataSync()
  const wrong: string[] = []
  for (let i = 0; i < values.length; i++) {
    const [found, wanted] = [values[i] as number, Number(recorded.data[i])]
    const close = Math.abs(found - wanted) <= 1e-6 + 1e-5 * Math.abs(wanted)
    const equal = found === wanted || (Number.isNaN(found) && recorded.data[i] === 'NaN')
    const either = recorded.data[i] === 'not finite' && !Number.isFinite(found)
    if (!equal && !either && !close) wrong.push(`[${i}] ${found}, expected ${recorded.data[i]}`)
  }
  if (wrong.length > 0)
    expect.fail(`${what}: ${wrong.length} of ${values.length} differ: ${wrong.slice(0, 4).join('; ')}`)
}

/** Fails unless the gradient's slope along `cos(1 + i)` is the recorded one. */
export function expectSlope(gradient: Tensor, slope: number, what: string): void {
  let [sum, size] = [0, 0]
  gradient.dataSync().forEach((value, i) => {
    const part = value * Math.cos(1 + i)
    sum += part
    size += Math.abs(part)
  })
  if (!(Math.abs(sum - slope) <= 1e-5 * (size + 1))) expect.fail(`${what}: slope ${sum}, by differences ${slope}`)
}
