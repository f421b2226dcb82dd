import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core'
import { input, type KernelCall, type KernelDefinition, sizeOf } from '../kernel-definition.js'
import { bytesPerElement } from '../wasm-backend.js'

/** Copies the parts of `x` along an axis, of the given lengths, into tensors of their own. */
function takeApart(
  { runtime }: KernelCall,
  x: TensorInfo,
  axis: number,
  lengths: readonly number[],
  shapeOf: (length: number) => number[],
): TensorInfo[] {
  const unit = bytesPerElement(x.dtype)
  const outer = sizeOf(x.shape.slice(0, axis))
  const inner = sizeOf(x.shape.slice(axis + 1)) * unit
  const row = (x.shape[axis] ?? 1) * inner
  let offset = 0
  return lengths.map((length) => {
    const out = runtime.output(shapeOf(length), x.dtype)
    const block = length * inner
    if (outer * block > 0) {
      // The heap may have grown, but addresses stay.
      const from = runtime.address(x) + offset
      runtime.wasm.copyBlocks(from, runtime.address(out), block, outer, row, block, 1, 0, 0, 1, 0, 0)
    }
    offset += block
    return out
  })
}

export const splitV: KernelDefinition = {
  name: 'SplitV',
  gain: 'copies the parts; the stock kernel copies the whole input for each of them',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const x = input(call, 'x')
    const [axis = 0] = util.parseAxisParam(call.attrs['axis'] as number, x.shape)
    const lengths = backend_util.prepareSplitSize(
      x as Parameters<typeof backend_util.prepareSplitSize>[0],
      call.attrs['numOrSizeSplits'] as number | number[],
      axis,
    )
    return takeApart(call, x, axis, lengths, (length) => x.shape.with(axis, length))
  },
}

export const unpack: KernelDefinition = {
  name: 'Unpack',
  gain: 'copies the parts; the stock kernel copies the whole input for each of them',
  handles: ({ value }) => value?.dtype !== 'string',
  compute(call) {
    const value = input(call, 'value')
    const [axis = 0] = util.parseAxisParam(call.attrs['axis'] as number, value.shape)
    const shape = value.shape.toSpliced(axis, 1)
    const ones = new Array<number>(value.shape[axis] ?? 0).fill(1)
    return takeApart(call, value, axis, ones, () => shape.slice())
  },
}
