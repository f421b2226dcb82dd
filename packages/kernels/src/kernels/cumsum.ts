import { input, type KernelDefinition } from '../kernel-definition.js'
import { aroundRun, axesOf } from '../reduction.js'

export const cumsum: KernelDefinition = {
  name: 'Cumsum',
  gain: 'four sums at a time, along any axis without a transpose first',
  handles: ({ x }) => x?.dtype === 'float32',
  compute(call) {
    const { runtime, attrs } = call
    const x = input(call, 'x')
    const out = runtime.output(x.shape, 'float32')
    const [from, to] = [runtime.address(x), runtime.address(out)]
    const sizes = aroundRun(x.shape, axesOf(x, attrs['axis'] ?? 0))
    runtime.wasm.cumulativeSum(
      from,
      to,
      ...sizes,
      Number(attrs['exclusive'] === true),
      Number(attrs['reverse'] === true),
    )
    return out
  },
}
