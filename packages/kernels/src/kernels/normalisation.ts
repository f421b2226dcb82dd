import { input, type KernelDefinition, optionalAddress } from '../kernel-definition.js'

const layerNorm: KernelDefinition = {
  name: 'LevinLayerNorm',
  gain: 'new: layer normalisation, a row at a time',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [rows = 0, size = 0] = x.shape
    const y = runtime.output(x.shape, 'float32')
    const mean = runtime.output([rows], 'float32')
    const inverseDeviation = runtime.output([rows], 'float32')
    runtime.wasm.layerNorm(
      runtime.address(x),
      optionalAddress(call, 'gamma'),
      optionalAddress(call, 'beta'),
      runtime.address(y),
      runtime.address(mean),
      runtime.address(inverseDeviation),
      rows,
      size,
      Number(attrs['epsilon']),
    )
    return [y, mean, inverseDeviation]
  },
}

const layerNormGrad: KernelDefinition = {
  name: 'LevinLayerNormGrad',
  gain: 'new: all its gradients in one pass',
  compute(call) {
    const { runtime, attrs, inputs } = call
    const x = input(call, 'x')
    const [rows = 0, size = 0] = x.shape
    const dx = runtime.output(x.shape, 'float32')
    const dgamma = inputs['gamma'] === undefined ? undefined : runtime.output([size], 'float32')
    const dbeta = attrs['hasBeta'] === true ? runtime.output([size], 'float32') : undefined
    const workspace = runtime.workspace(8 * size)
    runtime.wasm.layerNormGradient(
      runtime.address(input(call, 'dy')),
      runtime.address(x),
      runtime.address(input(call, 'mean')),
      runtime.address(input(call, 'inverseDeviation')),
      optionalAddress(call, 'gamma'),
      runtime.address(dx),
      dgamma === undefined ? 0 : runtime.address(dgamma),
      dbeta === undefined ? 0 : runtime.address(dbeta),
      rows,
      size,
      workspace,
    )
    return [dx, dgamma, dbeta].filter((tensor) => tensor !== undefined)
  },
}

const batchNorm: KernelDefinition = {
  name: 'LevinBatchNorm',
  gain: 'new: batch normalisation and its statistics',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const y = runtime.output(x.shape, 'float32')
    const mean = runtime.output([channels], 'float32')
    const variance = runtime.output([channels], 'float32')
    const workspace = runtime.workspace(4 * channels)
    runtime.wasm.batchNorm(
      runtime.address(x),
      optionalAddress(call, 'gamma'),
      optionalAddress(call, 'beta'),
      runtime.address(y),
      runtime.address(mean),
      runtime.address(variance),
      rows,
      channels,
      Number(attrs['epsilon']),
      workspace,
    )
    return [y, mean, variance]
  },
}

const batchNormGrad: KernelDefinition = {
  name: 'LevinBatchNormGrad',
  gain: 'new: all its gradients in two passes',
  compute(call) {
    const { runtime, attrs, inputs } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const dx = runtime.output(x.shape, 'float32')
    const dgamma = inputs['gamma'] === undefined ? undefined : runtime.output([channels], 'float32')
    const dbeta = attrs['hasBeta'] === true ? runtime.output([channels], 'float32') : undefined
    // Both sums are needed in any case; what nobody asked for goes behind the workspace.
    const workspace = runtime.workspace(20 * channels)
    runtime.wasm.batchNormGradient(
      runtime.address(input(call, 'dy')),
      runtime.address(x),
      runtime.address(input(call, 'mean')),
      runtime.address(input(call, 'variance')),
      optionalAddress(call, 'gamma'),
      runtime.address(dx),
      dgamma === undefined ? workspace + 12 * channels : runtime.address(dgamma),
      dbeta === undefined ? workspace + 16 * channels : runtime.address(dbeta),
      rows,
      channels,
      Number(attrs['epsilon']),
      workspace,
    )
    return [dx, dgamma, dbeta].filter((tensor) => tensor !== undefined)
  },
}

const batchNormStatistics: KernelDefinition = {
  name: 'LevinBatchNormStatistics',
  gain: 'new: the statistics of a part of a batch that workers share',
  compute(call) {
    const { runtime } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const mean = runtime.output([channels], 'float32')
    const variance = runtime.output([channels], 'float32')
    runtime.wasm.batchNormStatistics(
      runtime.address(x),
      runtime.address(mean),
      runtime.address(variance),
      rows,
      channels,
    )
    return [mean, variance]
  },
}

const batchNormApply: KernelDefinition = {
  name: 'LevinBatchNormApply',
  gain: 'new: batch normalisation by given statistics',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const y = runtime.output(x.shape, 'float32')
    const workspace = runtime.workspace(4 * channels)
    runtime.wasm.batchNormApply(
      runtime.address(x),
      runtime.address(input(call, 'mean')),
      runtime.address(input(call, 'variance')),
      optionalAddress(call, 'gamma'),
      optionalAddress(call, 'beta'),
      runtime.address(y),
      rows,
      channels,
      Number(attrs['epsilon']),
      workspace,
    )
    return y
  },
}

const batchNormSums: KernelDefinition = {
  name: 'LevinBatchNormSums',
  gain: 'new: what the gradients of a part add up to',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const plain = runtime.output([channels], 'float32')
    const weighted = runtime.output([channels], 'float32')
    runtime.wasm.batchNormSums(
      runtime.address(input(call, 'dy')),
      runtime.address(x),
      runtime.address(input(call, 'mean')),
      runtime.address(input(call, 'variance')),
      runtime.address(plain),
      runtime.address(weighted),
      rows,
      channels,
      Number(attrs['epsilon']),
    )
    return [plain, weighted]
  },
}

const batchNormInputGrad: KernelDefinition = {
  name: 'LevinBatchNormInputGrad',
  gain: 'new: the gradient of a part, given the sums over all of them',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const [rows = 0, channels = 0] = x.shape
    const dx = runtime.output(x.shape, 'float32')
    const workspace = runtime.workspace(12 * channels)
    runtime.wasm.batchNormInputGradient(
      runtime.address(input(call, 'dy')),
      runtime.address(x),
      runtime.address(input(call, 'mean')),
      runtime.address(input(call, 'variance')),
      optionalAddress(call, 'gamma'),
      runtime.address(input(call, 'plain')),
      runtime.address(input(call, 'weighted')),
      runtime.address(dx),
      rows,
      channels,
      Number(attrs['count']),
      Number(attrs['epsilon']),
      workspace,
    )
    return dx
  },
}

export const normalisation: readonly KernelDefinition[] = [
  layerNorm,
  layerNormGrad,
  batchNorm,
  batchNormGrad,
  batchNormStatistics,
  batchNormApply,
  batchNormSums,
  batchNormInputGrad,
]
