import type { Tensor } from '@tensorflow/tfjs-core'

/** An op of a sweep: what it makes of its operands, by name, and its arguments. */
export type SweepOp = (operands: object, args: object) => Tensor | Tensor[]

/** An op by its own types; the recording is trusted to give what it names. */
export const sweepOp = <O extends object, A extends object = object>(
  f: (operands: O, args: A) => Tensor | Tensor[],
): SweepOp => f as SweepOp
