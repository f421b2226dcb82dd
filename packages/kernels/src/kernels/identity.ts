import { input, type KernelDefinition } from '../kernel-definition.js'

export const identity: KernelDefinition = {
  name: 'Identity',
  gain: 'shares the data, as the other backends of tfjs do; the stock kernel copies it',
  handles: ({ x }) => x?.dtype !== 'string',
  compute(call) {
    const x = input(call, 'x')
    return call.runtime.share(x, x.shape)
  },
}
