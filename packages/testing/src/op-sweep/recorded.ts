/** A tensor whose numbers are all there. What JSON has no number for is a string: `-Infinity` in a mask. */
export interface RecordedTensor {
  readonly shape: readonly number[]
  /** Default: float32. */
  readonly dtype?: 'int32' | 'bool'
  readonly data: readonly (number | string)[]
}

/** An input: a shape to draw numbers for, the same between bounds of its own, or the numbers. */
export type RecordedInput = readonly number[] | DrawnInput | RecordedTensor

export interface DrawnInput {
  readonly shape: readonly number[]
  readonly between: readonly [low: number, high: number]
}

/** A result's numbers: all of them, or of a long one every so many-eth and the sum of all with weights `cos(1 + i)`. */
export interface SampledNumbers {
  readonly data: readonly number[]
  /** Present where `data` is a sample. */
  readonly along?: number
}

export interface RecordedOutput extends SampledNumbers {
  readonly shape: readonly number[]
  readonly dtype?: 'int32' | 'bool'
}

type Named<T> = Readonly<Record<string, T>>

/** What an op is given, and what PyTorch makes of it in double precision. */
export interface RecordedCase {
  readonly op: string
  readonly name: string
  readonly args?: Named<unknown>
  /** What has a gradient, where the case has gradients. */
  readonly inputs: Named<RecordedInput>
  /** What has none: ids, masks, integers. */
  readonly constants?: Named<RecordedTensor>
  /** By operand: the tensor that it is, possibly under another shape. What is not named here is the operand of its name. */
  readonly operands?: Named<{ readonly of: string; readonly shape?: readonly number[] }>
  readonly outputs: readonly RecordedOutput[]
  /** By input and of its shape, for outputs' gradients that are drawn. Absent: nothing to differentiate. */
  readonly gradients?: Named<SampledNumbers | readonly number[]>
}

export interface RecordedSweep {
  /** The version of PyTorch. */
  readonly torch: string
  readonly cases: readonly RecordedCase[]
}

/** What a result of more numbers is sampled to, as `tools/parity/op_cases/compact.py` does. */
const SAMPLES = 4

/** Odd, so that rows of even length are not always met in the same column. */
export const sampleStep = (count: number): number => Math.ceil(count / SAMPLES) | 1

export const isPlain = <T>(value: T | readonly number[]): value is readonly number[] => Array.isArray(value)
