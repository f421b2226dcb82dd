import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

export const unsortedSegmentSum: KernelDefinition = {
  name: 'UnsortedSegmentSum',
  gain: 'new: the gradient of gather, so that embeddings train on the wasm backend',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const segmentIds = input(call, 'segmentIds')
    const segments = Number(attrs['numSegments'])
    const count = x.shape[0] ?? 1
    if (segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1 || segmentIds.shape[0] !== count) {
      throw new Error(
        `Expected int32 segmentIds of shape [${count}], one per row of x [${x.shape}], ` +
          `found ${segmentIds.dtype} of shape [${segmentIds.shape}].`,
      )
    }
    if (x.dtype !== 'float32' && x.dtype !== 'int32') {
      throw new Error(`UnsortedSegmentSum takes float32 or int32, found ${x.dtype}.`)
    }
    const rest = x.shape.slice(1)
    const out = runtime.output([segments, ...rest], x.dtype)
    const sum = x.dtype === 'float32' ? runtime.wasm.segmentSum : runtime.wasm.segmentSumInt
    sum(runtime.address(x), runtime.address(segmentIds), runtime.address(out), count, sizeOf(rest), segments)
    return out
  },
}
