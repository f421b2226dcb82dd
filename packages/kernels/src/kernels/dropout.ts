import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

/** Runs of elements that lie one after the other both in a part and in the whole tensor that it is a part of. */
interface Runs {
  /** Elements of a run. */
  readonly length: number
  /** Where each run begins in the whole, by row-major index, in the order of the part. */
  readonly starts: readonly number[]
}

function runsOf(shape: readonly number[], globalShape: readonly number[], start: readonly number[]): Runs {
  // The axis from which on the part is as wide as the whole, but for that axis itself.
  let axis = shape.length - 1
  while (axis > 0 && shape[axis] === globalShape[axis]) axis--
  let stride = sizeOf(globalShape.slice(axis + 1))
  const length = shape.length === 0 ? 1 : sizeOf(shape.slice(axis))
  let starts = [axis < 0 ? 0 : (start[axis] ?? 0) * stride]
  for (let outer = axis - 1; outer >= 0; outer--) {
    stride *= globalShape[outer + 1] ?? 1
    const step = stride
    const first = start[outer] ?? 0
    const inner = starts
    starts = Array.from({ length: shape[outer] ?? 0 }, (_, index) =>
      inner.map((offset) => offset + (first + index) * step),
    ).flat()
  }
  return { length, starts }
}

/** Dropout by Philox: forward and, on the gradient, backward. */
export const dropout: KernelDefinition = {
  name: 'LevinDropout',
  gain: 'new: dropout that draws its bits in the same pass, in backward again, and keeps no mask',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const out = runtime.output(x.shape, 'float32')
    if (sizeOf(x.shape) === 0) return out
    const { length, starts } = runsOf(x.shape, attrs['globalShape'] as number[], attrs['start'] as number[])
    const workspace = runtime.workspace(64)
    const rate = Number(attrs['rate'])
    let offset = 0
    for (const start of starts) {
      runtime.wasm.dropout(
        runtime.address(x) + offset,
        runtime.address(out) + offset,
        length,
        start,
        Number(attrs['key0']),
        Number(attrs['key1']),
        rate,
        1 / (1 - rate),
        workspace,
      )
      offset += 4 * length
    }
    return out
  },
}
