import { slice_util } from '@tensorflow/tfjs-core'
import { input, type KernelDefinition } from '../kernel-definition.js'
import type { Runtime } from '../runtime.js'
import { bytesPerElement } from '../wasm-backend.js'

/** An axis that is walked: how many steps, and how many bytes each. */
interface Walk {
  readonly count: number
  readonly step: number
}

/**
 * The slice as blocks of contiguous bytes, and the axes over which they repeat, outermost first. Axes that are kept
 * whole melt into the one before them, so most slices are one block, or one axis of blocks.
 */
function planCopy(shape: readonly number[], size: readonly number[], bytes: number): { block: number; walks: Walk[] } {
  let block = bytes
  let stride = bytes
  let whole = true
  const walks: Walk[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 1
    const count = size[axis] ?? 1
    if (whole) block *= count
    else if (count !== 1) walks.unshift({ count, step: stride })
    whole &&= count === length
    stride *= length
  }
  return { block, walks }
}

/** Copies the blocks: the two innermost walks within wasm, the others around it. Returns where the next block goes. */
function copyWalks(runtime: Runtime, walks: readonly Walk[], block: number, from: number, to: number): number {
  const [outer, ...rest] = walks
  if (outer === undefined || rest.length === 0) {
    const { count, step } = outer ?? { count: 1, step: 0 }
    runtime.wasm.copyBlocks(from, to, block, count, step, 1, 0)
    return to + block * count
  }
  const [inner, ...more] = rest
  if (inner !== undefined && more.length === 0) {
    runtime.wasm.copyBlocks(from, to, block, inner.count, inner.step, outer.count, outer.step)
    return to + block * inner.count * outer.count
  }
  let next = to
  for (let n = 0; n < outer.count; n++) next = copyWalks(runtime, rest, block, from + n * outer.step, next)
  return next
}

export const slice: KernelDefinition = {
  name: 'Slice',
  gain: 'copies the slice alone; the stock kernel copies the whole input first',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [begin = [], size = []] = slice_util.parseSliceParams(
      x as Parameters<typeof slice_util.parseSliceParams>[0],
      attrs['begin'] as number | number[],
      attrs['size'] as number | number[],
    )
    slice_util.assertParamsValid(x as Parameters<typeof slice_util.assertParamsValid>[0], begin, size)
    const bytes = bytesPerElement(x.dtype)
    const out = runtime.output(size, x.dtype)
    if (size.includes(0)) return out
    let offset = 0
    let stride = bytes
    for (let axis = x.shape.length - 1; axis >= 0; axis--) {
      offset += (begin[axis] ?? 0) * stride
      stride *= x.shape[axis] ?? 1
    }
    const { block, walks } = planCopy(x.shape, size, bytes)
    copyWalks(runtime, walks, block, runtime.address(x) + offset, runtime.address(out))
    return out
  },
}
