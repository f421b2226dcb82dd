import { input, type KernelDefinition, sizeOf } from '../kernel-definition.js'

export const embeddingGrad: KernelDefinition = {
  name: 'LevinEmbeddingGrad',
  gain: 'new: sums the rows of each id; the padding row stays zero',
  compute(call) {
    const { runtime, attrs } = call
    const dy = input(call, 'dy')
    const ids = input(call, 'ids')
    const count = Number(attrs['count'])
    const padding = Number(attrs['paddingIndex'])
    const width = dy.shape[1] ?? 0
    const out = runtime.output([count, width], 'float32')
    const to = runtime.address(out)
    runtime.wasm.segmentSum(runtime.address(dy), runtime.address(ids), to, sizeOf(ids.shape), width, count)
    if (padding >= 0) runtime.wasm.fill(to + 4 * padding * width, width, 0)
    return out
  },
}
